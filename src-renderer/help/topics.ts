// Which help pages there are and what they are called; their texts are the administrator's documentation itself.
export const helpTitles = { images: 'About images', server: 'About the server', 'network-boot': 'About network boot', 'command-line': 'The command line', desktop: 'The desktop app' } as const;
export type HelpTopic = keyof typeof helpTitles;

export function isHelpTopic(text: string): text is HelpTopic {
  return Object.hasOwn(helpTitles, text);
}
