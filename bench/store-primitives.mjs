// Measures what the store's format decisions rest on: hashes, checksums and compression, one core, medians of five turns.
// node bench/store-primitives.mjs   (starts itself once more with OpenSSL's SHA instructions masked)
import { execFileSync } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { blake3 } from '@napi-rs/blake-hash';

const KiB = 1024;
const sizes = [64 * KiB, 256 * KiB, 1024 * KiB];

/** MB/s over about 200 MB per turn, median of five. */
function rate(size, work, totalBytes = 200e6) {
  const times = Math.max(1, Math.round(totalBytes / size));
  const turns = [];
  for (let turn = 0; turn < 6; turn++) {
    const started = performance.now();
    for (let i = 0; i < times; i++) work();
    turns.push((times * size) / 1e3 / (performance.now() - started));
  }
  return Math.round(turns.slice(1).sort((a, b) => a - b)[2]);
}

function row(name, work, totalBytes) {
  const figures = sizes.map((size) => rate(size, work(size), totalBytes).toLocaleString('en').padStart(9));
  console.log(`${name.padEnd(44)}${figures.join('')}`);
}

const noise = randomFillSync(Buffer.alloc(1024 * KiB));
const sha256 = (size) => () => createHash('sha256').update(noise.subarray(0, size)).digest();

if (process.argv[2] === 'masked') {
  row('SHA-256, without SHA instructions', sha256);
} else {
  console.log(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}; MB/s on one core`);
  console.log(`${''.padEnd(44)}${sizes.map((size) => `${size / KiB} KiB`.padStart(9)).join('')}`);
  row('BLAKE3-256', (size) => () => blake3(noise.subarray(0, size)));
  row('SHA-256, with SHA instructions', sha256);
  // Bit 29 of EBX of CPUID leaf 7 says SHA; OpenSSL reads its own copy of these words from the environment.
  process.stdout.write(execFileSync(process.execPath, [import.meta.filename, 'masked'], { env: { ...process.env, OPENSSL_ia32cap: ':~0x20000000' } }));
  row('CRC-32 (zlib)', (size) => () => crc32(noise.subarray(0, size)));
  const text = readFileSync(process.execPath).subarray(4 * KiB * KiB, 5 * KiB * KiB);
  console.log(`\nzstd on a program's code (the node binary):`);
  for (const level of [1, 3, 6, 9]) {
    const options = { params: { 100: level } };
    const packed = zstdCompressSync(text.subarray(0, 256 * KiB), options);
    row(`zstd level ${level} (256 KiB → ${Math.round(packed.length / KiB)} KiB)`, (size) => () => zstdCompressSync(text.subarray(0, size), options), 40e6);
  }
  row('zstd, decompressing', (size) => {
    const packed = zstdCompressSync(text.subarray(0, size));
    return () => zstdDecompressSync(packed, { chunkSize: size, maxOutputLength: size });
  }, 100e6);
}
