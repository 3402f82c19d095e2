// Pure: the exact command line that captures or deploys, quoted for a shell.

export type AgentCommand = {
  task: 'capture' | 'deploy';
  disk: string;
  image: string;
  version?: number;
  /** Another machine has to be told where the server is; on the server's own machine the command finds it. */
  server: { address: string; token: string } | null;
};

export function agentCommand({ task, disk, image, version, server }: AgentCommand): string {
  const parts = ['platen', 'agent', task, '--disk', quoted(disk), '--image', quoted(image)];
  if (version !== undefined) parts.push('--version', String(version));
  if (server !== null) parts.push('--server', quoted(server.address), '--token', quoted(server.token));
  return parts.join(' ');
}

/** As a POSIX shell takes it literally. */
export function quoted(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
