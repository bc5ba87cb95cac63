import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { UsageError } from '../../src/failure.ts'
import type { Terminal } from '../../src/invocation.ts'
import { canAsk, prompt } from '../../src/streams/prompt.ts'

interface Keyboard {
  readonly terminal: Terminal
  type(keys: string): void
  /** What stands on the screen. */
  seen(): string
}

function keyboard(isTTY = true): Keyboard {
  const [stdin, stderr] = [new PassThrough(), new PassThrough()]
  const seen: string[] = []
  stderr.on('data', (chunk: Buffer) => seen.push(chunk.toString()))
  const streams = {
    stdin: Object.assign(stdin, { isTTY, setRawMode: () => stdin }),
    stderr: Object.assign(stderr, { isTTY, columns: 80 }),
  }
  return {
    terminal: { ...streams, stdout: stderr, env: {} } as unknown as Terminal,
    type: (keys) => void stdin.write(keys),
    seen: () => seen.join(''),
  }
}

const { signal } = new AbortController()

describe('a question', () => {
  test('is answered by a line, which is seen', async () => {
    const { terminal, type, seen } = keyboard()
    const answer = prompt(terminal, 'Username: ', { signal })
    type('me\r')
    expect(await answer).toBe('me')
    expect(seen()).toMatch(/Username: .*me/s)
  })

  test('is answered by a line that is not seen, corrections and other letters included', async () => {
    const { terminal, type, seen } = keyboard()
    const answer = prompt(terminal, 'Password: ', { signal, hidden: true })
    type('sx\u007Fé cret \u5BC6\r')
    expect(await answer).toBe('sé cret \u5BC6')
    expect(seen()).toBe('Password: \n')
  })

  test('may be followed by another', async () => {
    const { terminal, type } = keyboard()
    const first = prompt(terminal, 'Username: ', { signal })
    type('me\r')
    expect(await first).toBe('me')
    const second = prompt(terminal, 'Password: ', { signal, hidden: true })
    type('secret\r')
    expect(await second).toBe('secret')
  })

  test.each(['Username: ', 'Password: '])('%s is no question any more when the input ends', async (question) => {
    const { terminal, type } = keyboard()
    const answer = prompt(terminal, question, { signal, hidden: question === 'Password: ' })
    type('\u0004')
    await expect(answer).rejects.toThrow(UsageError)
  })

  test('ends with the signal', async () => {
    const controller = new AbortController()
    const answer = prompt(keyboard().terminal, 'Password: ', { signal: controller.signal, hidden: true })
    controller.abort('enough')
    await expect(answer).rejects.toBe('enough')
  })
})

test('somebody can be asked where input and messages are a terminal', () => {
  expect(canAsk(keyboard().terminal)).toBe(true)
  expect(canAsk(keyboard(false).terminal)).toBe(false)
  expect(canAsk({ ...keyboard().terminal, stdin: undefined })).toBe(false)
})
