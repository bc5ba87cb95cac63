import { describe, expect, it } from 'vitest'
import {
  aciPlugin,
  aciTransport,
  dockerArchivePlugin,
  ociArchivePlugin,
  tarballPlugin,
  tarballTransport,
} from '../src/index.ts'

const READING = { tmpDir: '/x', maxUnpackedBytes: 1 }

describe.each([
  [aciPlugin, { ...READING, durability: 'fast', platform: 'linux/arm64', dependencies: ['/x.aci'] }],
  [dockerArchivePlugin, { ...READING, durability: 'fast' }],
  [ociArchivePlugin, { ...READING, durability: 'full' }],
  [tarballPlugin, { ...READING, config: { author: 'x' }, annotations: { a: 'b' } }],
] as const)('the plugin $0.name', (plugin, all) => {
  const { validate } = plugin.options['~standard']

  it('makes the transport', () => {
    expect(plugin.create({}).name).toBe(plugin.name)
  })

  it.each([{}, undefined, null, all])('takes %j', (options) => {
    expect(validate(options)).toEqual({ value: options ?? {} })
  })

  it.each([
    [{ tmpDir: '' }, 'tmpDir'],
    [{ maxUnpackedBytes: -1 }, 'maxUnpackedBytes'],
    [{ durability: 'some' }, 'durability'],
    [{ nonsense: 1 }, 'nonsense'],
    [{ config: [] }, plugin.name === 'tarball' ? 'config' : 'no option'],
    [{ annotations: { a: 1 } }, plugin.name === 'tarball' ? 'annotations.a' : 'no option'],
    [[], 'object'],
  ])('refuses %j', (options, word) => {
    expect(validate(options)).toEqual({
      issues: [expect.objectContaining({ message: expect.stringContaining(word) })],
    })
  })
})

describe('aciTransport', () => {
  it.each([{ platform: '' }, { platform: 'linux' }, { dependencies: 'x' }, { dependencies: [''] }])(
    'refuses %j',
    (options) => {
      expect(() => aciTransport(options as object)).toThrow(/platform|dependencies/)
    },
  )
})

describe('tarballTransport', () => {
  it('refuses options that make no sense', () => {
    expect(() => tarballTransport({ maxUnpackedBytes: 0.5 })).toThrow(/maxUnpackedBytes/)
  })
})
