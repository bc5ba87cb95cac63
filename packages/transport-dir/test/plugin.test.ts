import { describe, expect, it } from 'vitest'
import { dirTransport, plugin } from '../src/index.ts'

const { validate } = plugin.options['~standard']

describe('the plugin', () => {
  it('makes the transport', () => {
    expect(plugin.create({}).name).toBe(plugin.name)
  })

  it.each([
    {},
    undefined,
    null,
    {
      durability: 'fast',
      resume: false,
      lockTimeoutMs: 0,
    },
  ])('takes %j', (options) => {
    expect(validate(options)).toEqual({ value: options ?? {} })
  })

  it.each([
    [{ durability: 'some' }, 'durability'],
    [{ resume: 'yes' }, 'resume'],
    [{ lockTimeoutMs: -1 }, 'lockTimeoutMs'],
    [{ lockTimeoutMs: 1.5 }, 'lockTimeoutMs'],
    [{ sharedBlobDir: 'x' }, 'sharedBlobDir'],
    [{ nonsense: 1 }, 'nonsense'],
    [{ constructor: 1 }, 'constructor'],
    [[], 'object'],
    ['x', 'object'],
  ])('refuses %j', (options, word) => {
    expect(validate(options)).toEqual({
      issues: [expect.objectContaining({ message: expect.stringContaining(word) })],
    })
  })
})

describe('dirTransport', () => {
  it('refuses options that make no sense', () => {
    expect(() => dirTransport({ durability: 'some' as 'fast' })).toThrow(/durability/)
  })
})
