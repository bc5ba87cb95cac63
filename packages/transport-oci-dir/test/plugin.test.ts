import { describe, expect, it } from 'vitest'
import { ociDirTransport, plugin } from '../src/index.ts'

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
      sharedBlobDir: 'x',
      lockTimeoutMs: 0,
      maxIndexBytes: 1,
    },
  ])('takes %j', (options) => {
    expect(validate(options)).toEqual({ value: options ?? {} })
  })

  it.each([
    [{ durability: 'some' }, 'durability'],
    [{ resume: 'yes' }, 'resume'],
    [{ sharedBlobDir: '' }, 'sharedBlobDir'],
    [{ lockTimeoutMs: -1 }, 'lockTimeoutMs'],
    [{ maxIndexBytes: 1.5 }, 'maxIndexBytes'],
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

describe('ociDirTransport', () => {
  it('refuses options that make no sense', () => {
    expect(() => ociDirTransport({ durability: 'some' as 'fast' })).toThrow(/durability/)
  })
})
