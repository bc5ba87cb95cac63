import { expect, test } from 'vitest'
import { report, type ProgressEvent } from '../src/index.ts'

const event: ProgressEvent = { type: 'note', level: 'info', message: 'x' }

function broken(): void {
  throw new Error('broken listener')
}

async function rejecting(): Promise<void> {
  await Promise.reject(new Error('broken listener'))
}

test('hands the event to the listener, and it as it is', () => {
  const seen: ProgressEvent[] = []
  report({ onProgress: (got) => void seen.push(got) }, event)
  expect(seen[0]).toBe(event)
})

test('nobody has to listen', () => {
  expect(() => report(undefined, event)).not.toThrow()
  expect(() => report({}, event)).not.toThrow()
})

test('a listener that throws or rejects disturbs nobody', async () => {
  expect(() => report({ onProgress: broken }, event)).not.toThrow()
  // eslint-disable-next-line typescript/no-misused-promises -- callers do pass these
  expect(() => report({ onProgress: rejecting }, event)).not.toThrow()
  await new Promise<void>((resolve) => setImmediate(resolve)) // an unhandled rejection fails the run here
})
