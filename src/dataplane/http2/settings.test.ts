import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode, SettingId } from './frames.ts';
import { PeerSettings } from './settings.ts';

function payloadOf(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(pairs.length * 6);
  for (const [index, [id, value]] of pairs.entries()) {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  }
  return payload;
}

test('settings are taken in order, unknown ones ignored', () => {
  const peer = new PeerSettings();
  const payload = payloadOf(
    [SettingId.InitialWindowSize, 1],
    [0x99, 7],
    [SettingId.InitialWindowSize, 2],
    [SettingId.MaxConcurrentStreams, 3],
    [SettingId.HeaderTableSize, 4],
    [SettingId.MaxFrameSize, 16_384],
    [SettingId.EnableConnectProtocol, 1],
  );
  assert.equal(peer.apply(payload, 0, payload.length), undefined);
  assert.equal(peer.initialWindowBytes, 2);
  assert.equal(peer.maxConcurrentStreams, 3);
  assert.equal(peer.headerTableBytes, 4);
  assert.equal(peer.maxFrameBytes, 16_384);
  assert.equal(peer.extendedConnect, true);
});

for (const { name, pair, error } of [
  { name: 'ENABLE_PUSH of 2', pair: [SettingId.EnablePush, 2], error: ErrorCode.ProtocolError },
  {
    name: 'a window over 2^31 - 1',
    pair: [SettingId.InitialWindowSize, 2 ** 31],
    error: ErrorCode.FlowControlError,
  },
  {
    name: 'frames under 16,384',
    pair: [SettingId.MaxFrameSize, 16_383],
    error: ErrorCode.ProtocolError,
  },
  {
    name: 'frames over 2^24 - 1',
    pair: [SettingId.MaxFrameSize, 2 ** 24],
    error: ErrorCode.ProtocolError,
  },
  {
    name: 'ENABLE_CONNECT_PROTOCOL of 2',
    pair: [SettingId.EnableConnectProtocol, 2],
    error: ErrorCode.ProtocolError,
  },
] as const) {
  test(`refused: ${name}`, () => {
    const payload = payloadOf(pair);
    assert.equal(new PeerSettings().apply(payload, 0, payload.length), error);
  });
}
