import type { ConnectionEnd } from './connection-end.ts';
import type { ConnectionRole } from './connection-role.ts';
import type { DataSender } from './data-sender.ts';
import type { FrameOutput } from './frame-output.ts';
import { ErrorCode, Flag, writePing, writeSettingsAck } from './frames.ts';
import type { HpackEncoder } from './hpack/encoder.ts';
import type { PeerSettings } from './settings.ts';
import type { StreamTable } from './stream-table.ts';
import type { Http2Stream } from './stream.ts';

/** The connection, as its control frames see it. */
export interface ControlledConnection {
  readonly side: 'server' | 'client';
  readonly table: StreamTable;
  readonly role: ConnectionRole;
  readonly encoder: HpackEncoder;
  readonly output: FrameOutput;
  readonly sender: DataSender;
  readonly end: ConnectionEnd;
  fail(code: ErrorCode, reason: string): void;
  streamError(streamId: number, code: ErrorCode): void;
  /** This stream was not processed, and will not be. */
  refuseOwn(stream: Http2Stream): void;
  /** No further streams; it ends with those that are open. */
  goAway(code: ErrorCode): void;
  checkUnsent(): void;
}

/** What the peer's SETTINGS, PING, GOAWAY and WINDOW_UPDATE do, once they were found sound. */
export class ControlFrames {
  readonly #connection: ControlledConnection;

  constructor(connection: ControlledConnection) {
    this.#connection = connection;
  }

  /** @param windowChange by how much the windows of streams grow. */
  onSettings(settings: PeerSettings, windowChange: number): void {
    const { role, encoder, output, sender } = this.#connection;
    encoder.setMaxTableBytes(settings.headerTableBytes);
    writeSettingsAck(output.frames);
    output.schedule();
    this.#connection.checkUnsent();
    for (const stream of this.#connection.table.open.values()) {
      if (stream.sendWindow.grow(windowChange)) continue;
      this.#connection.fail(ErrorCode.FlowControlError, 'a window grows too large');
      return;
    }
    role.onSettings(settings);
    sender.pump();
  }

  onPing(flags: number, payload: Buffer, start: number): void {
    const { output, end } = this.#connection;
    if ((flags & Flag.Ack) === 0) {
      writePing(output.frames, Flag.Ack, payload, start);
      output.schedule();
      this.#connection.checkUnsent();
    } else if (end.isNoticed(payload, start)) {
      this.#connection.goAway(ErrorCode.NoError);
    }
  }

  onGoaway(lastStreamId: number, code: number): void {
    const { role, end } = this.#connection;
    const { side, table } = this.#connection;
    end.hasPeerGoneAway = true;
    if (side === 'client') {
      for (const stream of [...table.open.values()]) {
        if (stream.id > lastStreamId) this.#connection.refuseOwn(stream);
      }
    }
    role.onGoaway(lastStreamId, code);
    if (table.open.size === 0) this.#connection.goAway(ErrorCode.NoError);
  }

  /** @param stream undefined: the connection's window. */
  onWindowUpdate(stream: Http2Stream | undefined, increment: number): void {
    const { sender } = this.#connection;
    const window = stream?.sendWindow ?? sender.window;
    if (window.grow(increment)) sender.pump();
    else if (stream !== undefined) {
      this.#connection.streamError(stream.id, ErrorCode.FlowControlError);
    } else {
      this.#connection.fail(ErrorCode.FlowControlError, 'the connection window grows too large');
    }
  }
}
