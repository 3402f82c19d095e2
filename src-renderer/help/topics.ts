// Which help pages there are and what they are called; their texts are the administrator's documentation itself.
export const helpTitles = {
  'first-image': 'The first image', 'first-job': 'The first job', 'first-deploy': 'The first deploy',
  images: 'About images', jobs: 'About jobs', portal: 'About the portal', computers: 'About computers',
  'network-boot': 'About network boot', server: 'About the server', 'package-servers': 'Package servers and sites', backup: 'Backup, and moving the console', desktop: 'The desktop app', 'command-line': 'The command line',
} as const;
export type HelpTopic = keyof typeof helpTitles;

export function isHelpTopic(text: string): text is HelpTopic {
  return Object.hasOwn(helpTitles, text);
}
