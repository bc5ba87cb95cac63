import { ImageError } from '@crossdock/core'
import { describe, expect, test } from 'vitest'
import { runTransportCases, wrapTransport, type RunTransportCasesOptions } from '../src/index.ts'
import { memoryFixture, MEMORY_CAPABILITIES, READING_CAPABILITIES } from './memory-fixture.ts'

type Declared = Map<string, () => Promise<void>>

/** What would be handed to a test runner. */
function declared(options: Partial<RunTransportCasesOptions> = {}): Declared {
  const tests: Declared = new Map()
  runTransportCases({
    test: (name, run) => tests.set(name.split(/[: ]/)[0] ?? '', run),
    capabilities: MEMORY_CAPABILITIES,
    fixture: () => memoryFixture(),
    ...options,
  })
  return tests
}

const hanging: RunTransportCasesOptions['fixture'] = () =>
  memoryFixture({
    wrap: (memory) =>
      wrapTransport(memory, {
        source: (source) => ({ ...source, getSignatures: () => new Promise(() => undefined) }),
      }),
  })

describe('runTransportCases', () => {
  test('declares the cases that apply, each under its id', () => {
    const all = declared()
    const reading = declared({ capabilities: READING_CAPABILITIES })
    expect(all.has('destination/round-trip')).toBe(true)
    expect(reading.has('destination/round-trip')).toBe(false)
    expect(reading.has('source/blob-offset')).toBe(true)
  })

  test('groups them if it is given describe', () => {
    const titles: string[] = []
    declared({
      title: 'mine',
      describe: (title, body) => {
        titles.push(title)
        body()
      },
    })
    expect(titles).toEqual(['mine'])
  })

  test('a case that hangs fails at its deadline, and its fixture is disposed', async () => {
    let disposed = 0
    const tests = declared({
      caseTimeoutMs: 50,
      fixture: async () => ({
        ...(await hanging()),
        dispose: async () => {
          disposed += 1
        },
      }),
    })
    await expect(tests.get('signatures/none')?.()).rejects.toThrow('did not end within 50 ms')
    expect(disposed).toBe(1)
  })

  test('a known failure passes as long as it fails, and fails when it passes', async () => {
    const knownFailures = { 'signatures/none': 'it hangs' }
    const failing = declared({ knownFailures, caseTimeoutMs: 50, fixture: hanging })
    await expect(failing.get('signatures/none')?.()).resolves.toBeUndefined()
    const passing = declared({ knownFailures })
    await expect(passing.get('signatures/none')?.()).rejects.toThrow('passes now')
  })

  test('known failures that are no cases, or do not apply, are refused', () => {
    expect(() => declared({ knownFailures: { 'no/case': '' } })).toThrow(RangeError)
    const knownFailures = { 'destination/round-trip': 'it cannot write' }
    expect(() => declared({ knownFailures, capabilities: READING_CAPABILITIES })).toThrow(RangeError)
  })

  test('a method whose capability is not stated is found', async () => {
    const tests = declared({ capabilities: MEMORY_CAPABILITIES.filter((capability) => capability !== 'deletable') })
    await expect(tests.get('transport/capability-is-a-method')?.()).rejects.toThrow('deletable')
  })

  test('seeding through a destination that refuses the image fails with what the destination says', async () => {
    const tests = declared({
      fixture: () => memoryFixture({ memory: { destinationTraits: { manifestTypes: ['application/other'] } } }),
    })
    await expect(tests.get('source/blob-exact-bytes')?.()).rejects.toBeInstanceOf(ImageError)
  })
})
