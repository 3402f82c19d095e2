// Owns a deploy in a process of its own that flushes often, so that a test can kill it in the middle and find watermarks.
// Arguments: url, token, target, image.
import { Lab, mib } from './lab.ts';

const [url = '', token = '', target = '', image = ''] = process.argv.slice(2);
const lab = new Lab();
lab.remove();
await lab.deploy({ url, token }, target, image, { pacing: { flushEveryBytes: 2 * mib, flushEveryMs: 50 } });
