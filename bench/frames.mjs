// Frames per second of the console in a real browser while 200 runs report their progress five times a second, on the pages that show
// them. `npm run bench:frames`. The server is the console's test server: what is measured is the console.
import { chromium } from '@playwright/test';
import { fullData, guidOf } from '../e2e/fakeData.ts';
import { startFakeServer } from '../e2e/fakeServer.ts';

const RUNS = 200;
const REPORTS_PER_SECOND = 5;
const SECONDS = 10;

const data = fullData();
const sample = data.runs.find((run) => run.state === 'running');
if (sample === undefined) throw new Error('the made-up data has no running run');
const runs = Array.from({ length: RUNS }, (_, index) => ({ ...structuredClone(sample), id: guidOf(`bench run ${index}`), computerId: guidOf(`bench ${index}`), computerName: `BENCH-${String(index + 1).padStart(3, '0')}` }));
data.runs.push(...runs);
const server = await startFakeServer(data);
const browser = await chromium.launch({ executablePath: process.env['PLATEN_CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
await page.goto(server.address);

let step = 0;
const reporting = setInterval(() => {
  step++;
  for (const run of runs) {
    const total = run.progress?.totalBytes ?? 1e9;
    if (run.progress !== null) run.progress = { ...run.progress, doneBytes: (run.progress.doneBytes + total / 400) % total };
    server.reportRun(run);
  }
}, 1000 / REPORTS_PER_SECOND);

console.log(`${RUNS} runs, ${REPORTS_PER_SECOND} reports a second each; ${SECONDS} s a page`);
for (const [name, hash] of [['home', '/'], ['activity', '/activity'], ['one run', `/run/${runs[0]?.id}`], ['images, for comparison', '/images']]) {
  await page.evaluate((to) => { location.hash = to; }, hash);
  await page.waitForTimeout(1500);
  const frames = await page.evaluate(async (seconds) => {
    const times = [];
    let last = performance.now();
    const until = last + seconds * 1000;
    await new Promise((resolve) => {
      const frame = (now) => {
        times.push(now - last);
        last = now;
        if (now < until) requestAnimationFrame(frame);
        else resolve(undefined);
      };
      requestAnimationFrame(frame);
    });
    const sorted = times.toSorted((left, right) => left - right);
    return { count: times.length, p50: sorted[Math.floor(sorted.length * 0.5)], p99: sorted[Math.floor(sorted.length * 0.99)], worst: sorted.at(-1) };
  }, SECONDS);
  console.log(`${name.padEnd(24)} ${(frames.count / SECONDS).toFixed(1).padStart(5)} frames/s   p50 ${frames.p50.toFixed(1)} ms   p99 ${frames.p99.toFixed(1)} ms   longest ${frames.worst.toFixed(0)} ms`);
}
const memory = await page.evaluate(() => performance.memory?.usedJSHeapSize ?? 0);
console.log(`page's heap ${(memory / 1e6).toFixed(0)} MB after ${step} rounds of reports`);
clearInterval(reporting);
await browser.close();
await server.close();
