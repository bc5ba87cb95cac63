import { describe, expect, it } from 'vitest'
import { dockerDaemonTransport, plugin } from '../src/index.ts'

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
      host: 'tcp://engine:2376',
      certDir: './certificates',
      insecure: true,
      connectTimeoutMs: 1,
      idleTimeoutMs: 1,
      tmpDir: '/tmp',
      maxUnpackedBytes: 1,
    },
  ])('takes %j', (options) => {
    expect(validate(options)).toEqual({ value: options ?? {} })
  })

  it.each([
    [{ host: '' }, 'host'],
    [{ host: 1 }, 'host'],
    [{ certDir: true }, 'certDir'],
    [{ insecure: 'yes' }, 'insecure'],
    [{ connectTimeoutMs: -1 }, 'connectTimeoutMs'],
    [{ idleTimeoutMs: 1.5 }, 'idleTimeoutMs'],
    [{ tmpDir: '' }, 'tmpDir'],
    [{ maxUnpackedBytes: '1' }, 'maxUnpackedBytes'],
    [{ nonsense: 1 }, 'nonsense'],
    [[], 'object'],
  ])('refuses %j', (options, word) => {
    expect(validate(options)).toEqual({
      issues: [expect.objectContaining({ message: expect.stringContaining(word) })],
    })
  })
})

describe('dockerDaemonTransport', () => {
  it('refuses options that make no sense, but looks at no host before it is used', () => {
    expect(() => dockerDaemonTransport({ insecure: 'yes' as unknown as boolean })).toThrow(/insecure/)
    expect(dockerDaemonTransport({ host: 'ssh://engine' }).parseReference('app:1').toString()).toBe('app:1')
  })
})
