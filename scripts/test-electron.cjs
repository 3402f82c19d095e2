// Test support: a stand-in for Electron in which the packaged app starts whole. Run as a program (APP RESOURCES DATA) it starts that app,
// asks its server about network boot as the command line does, prints the answer, and quits it. Not part of the product.
'use strict';
const { spawn } = require('node:child_process');
const { EventEmitter } = require('node:events');
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

const [, , appFolder = '', resources = '', dataFolder = ''] = process.argv;

/** Takes every call and every property, and answers with its like: what the shell does with windows and trays is tested elsewhere. */
const silent = () => new Proxy(function () {}, { get: (_target, name) => (name === 'then' ? undefined : silent()), apply: () => silent(), construct: () => silent() });

const app = Object.assign(new EventEmitter(), {
  isPackaged: true, getAppPath: () => appFolder, getVersion: () => '0.0.0', setPath() {}, setAppUserModelId() {}, requestSingleInstanceLock: () => true, whenReady: async () => undefined, getLoginItemSettings: () => ({ openAtLogin: false }),
  exit: (code) => process.exit(code),
  quit: () => {
    let prevented = false;
    app.emit('before-quit', { preventDefault: () => { prevented = true; } });
    if (!prevented) process.exit(0);
  },
});
// One by one: named exports are found by reading this text.
exports.app = app;
exports.dialog = { showErrorBox: (title, text) => process.stderr.write(`${title}: ${text}\n`) };
exports.screen = { getAllDisplays: () => [] };
exports.BrowserWindow = silent();
exports.ipcMain = silent();
exports.Menu = silent();
exports.nativeImage = silent();
exports.Notification = silent();
exports.powerSaveBlocker = silent();
exports.shell = silent();
exports.Tray = silent();

async function main() {
  process.argv = [process.execPath, appFolder, '--data', dataFolder, '--http-port', '0', '--background'];
  Object.assign(process, { resourcesPath: resources });
  await import(pathToFileURL(join(appFolder, 'out/main/electron.js')).href);
  while (!existsSync(join(dataFolder, 'server.json'))) await new Promise((resolve) => setTimeout(resolve, 50));
  const asked = spawn(process.execPath, [join(appFolder, 'out/main/headless.js'), 'boot', 'status', '--json', '--data', dataFolder], { stdio: ['ignore', 'inherit', 'inherit'] });
  asked.once('close', () => app.quit());
}

if (require.main === module) void main();
