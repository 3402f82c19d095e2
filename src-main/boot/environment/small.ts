// Owns the small archive: the agent, the first program and what this server wants the environment to know. Written in an instant whenever
// one of them changes; needs no Debian tools. The loader hands it to the kernel after the base archive, so what is in both is taken from here.
import { file, writeCpio } from './cpio.ts';

export type SmallArchive = {
  init: Uint8Array; agent: Uint8Array; /** The agent's prebuilt hash module. */ hashModule: Uint8Array;
  /** https, as computers reach it. */
  serverUrl: string;
  /** The environment's token, which carries the fingerprint of the server's key. */
  token: string;
};

export function writeSmallArchive({ init, agent, hashModule, serverUrl, token }: SmallArchive): Buffer {
  const settings = `PLATEN_SERVER=${quoted(serverUrl)}\nPLATEN_TOKEN=${quoted(token)}\n`;
  return writeCpio([
    file('init', init, 0o755), file('platen/agent.cjs', agent, 0o644), file('platen/blake3.node', hashModule, 0o644),
    // A secret of this server: readable by the environment's only user, like everything there.
    file('platen/boot.env', Buffer.from(settings), 0o600),
  ]);
}

/** For a shell: nothing in it is expanded. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
