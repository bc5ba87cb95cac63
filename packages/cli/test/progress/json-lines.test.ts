import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { createJsonLines } from '../../src/progress/json-lines.ts'

test('every event is a line; nothing is said after the end', async () => {
  const stream = new PassThrough()
  const display = createJsonLines(stream)
  const event = { type: 'plan', manifests: 1, blobs: 2, bytes: 3 } as const
  display.onProgress(event)
  display.stop()
  display.onProgress(event)
  stream.end()
  const lines = (await text(stream)).trimEnd().split('\n')
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([event])
})
