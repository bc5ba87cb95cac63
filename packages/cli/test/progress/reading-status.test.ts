import { Writable } from 'node:stream'
import { type Descriptor, parseDigest } from '@crossdock/core'
import { expect, test } from 'vitest'
import { createReadingStatus, type ReadingStatus } from '../../src/progress/reading-status.ts'

const MB = 1_000_000
const ERASE = '\r\u001B[K'
const blob: Descriptor = { mediaType: 'x', digest: parseDigest(`sha256:${'a'.repeat(64)}`), size: 40 * MB }

interface Watched {
  readonly status: ReadingStatus
  readonly written: () => string
  /** So many bytes have been read, so many milliseconds after the beginning. */
  readonly read: (position: number, atMs: number) => void
}

function watched({ columns = 80 }: { readonly columns?: number } = {}): Watched {
  let text = ''
  let time = 1000
  const stream = new Writable({
    write: (chunk: Buffer, _, done) => {
      text += chunk.toString()
      done()
    },
  })
  const status = createReadingStatus(Object.assign(stream, { columns }) as unknown as NodeJS.WriteStream, () => time)
  status.update({ type: 'plan', manifests: 1, blobs: 1, bytes: blob.size })
  status.update({ type: 'blob:start', blob, offset: 0 })
  return {
    status,
    written: () => text,
    read: (position, atMs) => {
      time = 1000 + atMs
      status.update({ type: 'blob:bytes', digest: blob.digest, position, size: blob.size })
    },
  }
}

test('nothing is said of what is over soon', () => {
  const { status, read, written } = watched()
  read(30 * MB, 499)
  status.stop()
  expect(written()).toBe('')
})

test('one row, drawn over itself, now and then', () => {
  const { read, written } = watched()
  read(10 * MB, 500)
  read(11 * MB, 550)
  read(20 * MB, 1000)
  expect(written()).toBe(`${ERASE}reading: 10.0 MB of 40.0 MB, 20.0 MB/s${ERASE}reading: 20.0 MB of 40.0 MB, 20.0 MB/s`)
})

test('what is read a second time counts again', () => {
  const { status, read, written } = watched()
  status.update({ type: 'blob:done', digest: blob.digest, size: blob.size, moved: blob.size })
  status.update({ type: 'plan', manifests: 1, blobs: 1, bytes: blob.size })
  status.update({ type: 'blob:start', blob, offset: 0 })
  read(20 * MB, 1000)
  expect(written()).toContain('60.0 MB of 80.0 MB')
})

test('it makes way for a line, comes back, and goes for good', () => {
  const { status, read, written } = watched()
  status.clear()
  read(10 * MB, 1000)
  status.clear()
  status.clear()
  read(20 * MB, 2000)
  status.stop()
  read(30 * MB, 3000)
  const rows = written().split(ERASE)
  expect(rows.map((row) => row.slice(0, 16))).toStrictEqual(['', 'reading: 10.0 MB', '', 'reading: 20.0 MB', ''])
})

test('it fits a narrow terminal', () => {
  const { read, written } = watched({ columns: 30 })
  read(10 * MB, 1000)
  expect(written()).toHaveLength(ERASE.length + 29)
})
