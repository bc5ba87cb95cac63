import { PassThrough, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { createWriter, ReaderGone } from '../../src/streams/writer.ts'

function failing(code: string): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })) })
}

test('data goes to stdout, text for people to stderr', async () => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const writer = createWriter(stdout, stderr)
  await writer.print('a')
  await writer.print(new Uint8Array([98]))
  writer.note('c')
  stdout.end()
  stderr.end()
  expect([await text(stdout), await text(stderr)]).toEqual(['ab', 'c'])
})

test('print waits until it is written', async () => {
  const unfinished: (() => void)[] = []
  const slow = new Writable({ write: (_chunk, _encoding, done) => void unfinished.push(done) })
  const order: string[] = []
  const printed = createWriter(slow, new PassThrough())
    .print('a')
    .then(() => order.push('printed'))
  await new Promise((next) => {
    setImmediate(next)
  })
  order.push('written')
  for (const done of unfinished) done()
  await printed
  expect(order).toEqual(['written', 'printed'])
})

test('a disk that is full is a failure, a reader that is gone an end', async () => {
  await expect(createWriter(failing('ENOSPC'), new PassThrough()).print('a')).rejects.toMatchObject({ code: 'IO' })
  await expect(createWriter(failing('EPIPE'), new PassThrough()).print('a')).rejects.toThrow(ReaderGone)
})

test('a stream is listened to once, however often the command runs on it', () => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  for (let call = 0; call < 20; call += 1) createWriter(stdout, stderr)
  expect([stdout.listenerCount('error'), stderr.listenerCount('error')]).toEqual([1, 1])
})
