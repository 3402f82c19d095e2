// Owns a line to a server that tests cut, hold and count: bytes that computers send over it, with marks at which something happens.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Called once each, when as many bytes have gone to the server. */
export type Mark = { bytes: number; act: () => void };

export class Line {
  readonly url: string;
  readonly marks: Mark[] = [];
  passed = 0;
  private readonly sockets = new Set<Socket>();
  private readonly end: () => void;
  private to: number;
  private isCut = false;

  private constructor(listener: ReturnType<typeof createServer>, to: number) {
    this.to = to;
    this.url = `https://127.0.0.1:${(listener.address() as AddressInfo).port}`;
    this.end = () => listener.close();
    listener.on('connection', (socket: Socket) => this.join(socket));
  }

  static async to(port: number): Promise<Line> {
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    return new Line(listener, port);
  }

  /** Everything under way breaks, and new connections do until it is mended. */
  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }
  mend(port = this.to): void {
    this.to = port;
    this.isCut = false;
  }
  close(): void {
    this.cut();
    this.end();
  }

  private join(socket: Socket): void {
    if (this.isCut) {
      socket.destroy();
      return;
    }
    const there = connect(this.to, '127.0.0.1');
    for (const each of [socket, there]) {
      this.sockets.add(each);
      each.on('error', () => undefined);
      each.once('close', () => {
        this.sockets.delete(each);
        socket.destroy();
        there.destroy();
      });
    }
    socket.on('data', (data: Buffer) => {
      this.passed += data.length;
      for (let mark = this.marks[0]; mark !== undefined && this.passed >= mark.bytes; mark = this.marks[0]) {
        this.marks.shift();
        mark.act();
      }
    });
    socket.pipe(there);
    there.pipe(socket);
  }
}
