import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostOf, isHostAllowed, isLoopback, isOriginAllowed } from './guard.ts';
import { contentPolicy, pathOf } from './static-files.ts';

describe('who is asking', () => {
  it.each([['127.0.0.1', true], ['127.9.9.9', true], ['::1', true], ['::ffff:127.0.0.1', true], ['10.0.0.1', false], ['::ffff:10.0.0.1', false], ['127.evil.example', false], [undefined, false]])('%s is this machine: %s', (address, expected) => {
    expect(isLoopback(address)).toBe(expected);
  });
  it.each([
    ['127.0.0.1:8420', true], ['[::1]:8420', true], ['192.168.1.5', true], ['localhost:8420', true], ['console', true], ['CONSOLE:1', true],
    ['evil.example', false], ['127.0.0.1.evil.example', false], ['', false], [undefined, false], ['a b', false], ['user@127.0.0.1', false], ['127.0.0.1/x', false],
  ])('the host %s is allowed: %s', (host, expected) => {
    expect(isHostAllowed(host, ['console'])).toBe(expected);
  });
  it('lets a browser in from the address it was served from only', () => {
    const host = '127.0.0.1:8420';
    expect([undefined, 'http://127.0.0.1:8420', 'https://127.0.0.1:8420', 'http://evil.example', 'null', 'http://127.0.0.1:8421', 'http://dev:1'].map((origin) => isOriginAllowed(origin, host, false, ['http://dev:1'])))
      .toEqual([true, true, false, false, false, false, true]);
  });
  it('reads any Host header without failing', () => {
    fc.assert(fc.property(fc.string(), (text) => hostOf(text) === null || typeof hostOf(text) === 'string'));
  });
});

describe('paths of files', () => {
  it.each(['/../etc/passwd', '/%2e%2e/etc/passwd', '/a/..%2f..%2fetc', '/.env', '/a\\..\\b', '/%00', '/%', 'etc', '//../x', '/assets/.git/config'])('%s leads nowhere', (url) => {
    expect(pathOf(url)).toBeNull();
  });
  it('never lead out of their folder, whatever is asked', () => {
    fc.assert(fc.property(fc.string(), (text) => !(pathOf(`/${text}`) ?? '').split('/').includes('..')));
  });
  it('keep their query out', () => {
    expect(pathOf('/assets/a.js?v=1#x')).toBe('/assets/a.js');
  });
  it('never put what a Host header says into the policy unchecked', () => {
    expect(contentPolicy("x; script-src 'unsafe-inline'")).toBe(contentPolicy(''));
    expect(contentPolicy('127.0.0.1:8420')).toContain("connect-src 'self' ws://127.0.0.1:8420 wss://127.0.0.1:8420");
  });
});
