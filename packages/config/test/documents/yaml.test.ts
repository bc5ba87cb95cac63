import { assert, asyncProperty, jsonValue } from 'fast-check'
import { stringify } from 'yaml'
import { describe, expect, it } from 'vitest'
import { readYaml } from '../../src/documents/yaml.ts'

const read = (text: string) => readYaml(new TextEncoder().encode(text), '/etc/x.yaml')

/** Nine levels of nine references each. */
const BILLION = Array.from({ length: 9 }, (_, level) =>
  level === 0 ? 'l0: &l0 [x,x,x]' : `l${level}: &l${level} [${`*l${level - 1},`.repeat(9)}]`,
).join('\n')

describe('readYaml', () => {
  it.each([
    ['a: 1\na: 2', 'INVALID_DATA', '/etc/x.yaml:2:1: this key was there before'],
    ['a: 1\n b: 2', 'INVALID_DATA', '/etc/x.yaml:'],
    ['a: [1', 'INVALID_DATA', '/etc/x.yaml:1:'],
    ['a: 1\n---\nb: 2', 'INVALID_DATA', '/etc/x.yaml:2:'],
    ['}', 'INVALID_DATA', '/etc/x.yaml:1:1'],
    ['a: *none', 'INVALID_DATA', '/etc/x.yaml:1:4'],
    [BILLION, 'INVALID_DATA', 'it cannot be read: Excessive alias count'],
    [`a: ${'['.repeat(100_000)}`, 'LIMIT_EXCEEDED', '/etc/x.yaml is nested too deeply'],
    [`a: ${'{a: '.repeat(1000)}`, 'LIMIT_EXCEEDED', 'nested too deeply'],
    ['- '.repeat(5000), 'LIMIT_EXCEEDED', 'nested too deeply'],
    [Array.from({ length: 300 }, (_, n) => `${' '.repeat(n)}a:`).join('\n'), 'LIMIT_EXCEEDED', 'nested too deeply'],
  ])('refuses %j', async (text, code, reason) => {
    const failure = read(text)
    await expect(failure).rejects.toMatchObject({ code })
    await expect(failure).rejects.toThrow(reason)
  })

  it('says where a value stands, or what should hold it', async () => {
    const document = await read('# comment\ndocker:\n  "example.com":\n    lookaside: x\n  b: [1, {c: 2}]\n')
    const at = (...path: (string | number)[]): string => document.error(path, 'no').message
    expect(at('docker', 'example.com', 'lookaside')).toBe('/etc/x.yaml:4:5: no')
    expect(at('docker', 'example.com', 'other')).toBe('/etc/x.yaml:3:3: no')
    expect(at('docker', 'b', 1)).toBe('/etc/x.yaml:5:10: no')
    expect(at()).toBe('/etc/x.yaml:1:1: no')
    expect(document.line(['docker'])).toBe(2)
  })

  it('reads what is empty, begins with a byte order mark, or refers to another part', async () => {
    expect((await read('')).value).toBeNull()
    expect((await read('\uFEFFa: 1')).value).toEqual({ a: 1 })
    expect((await read('a: &x {b: 1}\nc:\n  <<: *x\n')).value).toEqual({ a: { b: 1 }, c: { b: 1 } })
  })

  it('reads what was written', async () => {
    await assert(
      asyncProperty(jsonValue({ maxDepth: 4 }), async (value) => {
        const copy: unknown = JSON.parse(JSON.stringify(value))
        expect((await read(stringify(copy))).value).toEqual(copy)
      }),
    )
  })
})
