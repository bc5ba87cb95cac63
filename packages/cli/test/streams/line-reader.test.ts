import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { UsageError } from '../../src/failure.ts'
import { createLineReader } from '../../src/streams/line-reader.ts'

const { signal } = new AbortController()

function reader(...chunks: readonly string[]) {
  const stdin = new PassThrough()
  for (const chunk of chunks) stdin.write(chunk)
  stdin.end()
  return createLineReader({ stdin: stdin as unknown as NodeJS.ReadStream })
}

test.each([
  [['one\ntwo\n'], ['one', 'two']],
  [
    ['on', 'e\r\ntw', 'o'],
    ['one', 'two'],
  ],
  [[' p w \n'], [' p w ']],
  [['\n'], ['']],
  [['pässwörd'], ['pässwörd']],
])('%j has the lines %j', async (chunks, lines) => {
  const next = reader(...chunks)
  for (const line of lines) expect(await next(signal)).toBe(line)
  await expect(next(signal)).rejects.toThrow(UsageError)
})

test('without stdin there is no line; too much is no password', async () => {
  await expect(createLineReader({})(signal)).rejects.toThrow('stdin ended')
  await expect(reader('x'.repeat(100_000))(signal)).rejects.toThrow('too long')
})

test('waiting ends with the signal', async () => {
  const controller = new AbortController()
  const line = createLineReader({ stdin: new PassThrough() as unknown as NodeJS.ReadStream })(controller.signal)
  const reason = new Error('enough')
  controller.abort(reason)
  await expect(line).rejects.toBe(reason)
})
