// SPDX-License-Identifier: Apache-2.0
//
// Makes a broker's wall clock one that is set by hand (wall_clock.c).
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = join(dirname(fileURLToPath(import.meta.url)), 'wall_clock.c');

// From its next start on, the broker's wall clock is ahead of ours by the
// seconds that the function it gives was called with last.
export function takeWallClock(broker) {
  const library = broker.file('wall_clock.so', '');
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, source]);
  const offset = broker.file('offset', Buffer.alloc(8));
  broker.environment = {
    LD_PRELOAD: library,
    WALL_CLOCK: offset,
    // The sanitizer's library comes second.
    ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:verify_asan_link_order=0`,
  };
  // In place: the process has the file mapped.
  return (seconds) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds));
    const file = openSync(offset, 'r+');
    writeSync(file, bytes);
    closeSync(file);
  };
}
