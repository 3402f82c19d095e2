// Owns giving large buffers back at once. The collector counts bytes outside its heap per thread and lets tens of MB pile up in each;
// with a buffer per chunk that would be most of the agent's memory.

/** Frees what the buffer holds. Only for a buffer that nobody else has; every view of it is empty afterwards. Small ones share a slab and stay. */
export function releaseBytes(bytes: Uint8Array): void {
  if (bytes.buffer instanceof ArrayBuffer && bytes.buffer.byteLength > Buffer.poolSize) bytes.buffer.transfer(0);
}
