import assert from 'node:assert/strict'
import type { Capability } from './capabilities.ts'
import type { CaseFixture, ConformanceCase } from './conformance-case.ts'
import type { TransportFixture } from './fixture.ts'
import { writeImage } from './images/write-image.ts'
import { transportCases } from './transport-cases.ts'

/** `test` or `it` of vitest, of node:test, or of anything else that takes a name and a function. */
export type TestFunction = (name: string, run: () => Promise<void>) => unknown

export interface RunTransportCasesOptions {
  readonly test: TestFunction
  /** Groups the cases under one name. Default: they are not grouped. */
  readonly describe?: ((name: string, body: () => void) => unknown) | undefined
  /** The group's name. Default: `transport contract`. */
  readonly title?: string | undefined
  readonly capabilities: readonly Capability[]
  /** Makes a fresh place for one case. */
  readonly fixture: () => TransportFixture | Promise<TransportFixture>
  /** Ids of cases that fail for now, each with the reason. One that passes, or that does not apply, is an error. */
  readonly knownFailures?: Readonly<Record<string, string>> | undefined
  /** How long one case may take. Default: 15 000. */
  readonly caseTimeoutMs?: number | undefined
  /** How long what has to happen promptly may take, an abort say. Default: 2000. */
  readonly patienceMs?: number | undefined
}

/** Declares a test for each case that applies. Throws a `RangeError` for known failures that name no such case. */
export function runTransportCases(options: RunTransportCasesOptions): void {
  const { test, describe, title = 'transport contract', capabilities, knownFailures = {} } = options
  const cases = applicableCases(capabilities)
  const strangers = Object.keys(knownFailures).filter((id) => !cases.some((one) => one.id === id))
  if (strangers.length > 0) throw new RangeError(`known failures that are no applicable cases: ${strangers.join(', ')}`)
  const declare = (): void => {
    for (const one of cases) {
      const reason = knownFailures[one.id]
      const run = (): Promise<void> => runCase(one, options)
      if (reason === undefined) test(`${one.id}: ${one.rule}`, run)
      else test(`${one.id} (fails for now: ${reason})`, () => expectFailure(one, run))
    }
  }
  if (describe === undefined) declare()
  else describe(title, declare)
}

/** The cases for a transport of these capabilities. */
function applicableCases(capabilities: readonly Capability[]): readonly ConformanceCase[] {
  return transportCases.filter(({ needs }) => needs.every((need) => capabilities.includes(need)))
}

/** Runs one case on a fixture of its own. */
export async function runCase(
  one: ConformanceCase,
  options: Pick<RunTransportCasesOptions, 'capabilities' | 'fixture' | 'caseTimeoutMs' | 'patienceMs'>,
): Promise<void> {
  const { caseTimeoutMs = 15_000 } = options
  const fixture = await options.fixture()
  try {
    await withDeadline(caseTimeoutMs, async (signal) => one.run(complete(fixture, options), { signal }))
  } finally {
    await fixture.dispose?.()
  }
}

async function expectFailure({ id }: ConformanceCase, run: () => Promise<void>): Promise<void> {
  const failed = await run().then(
    () => false,
    () => true,
  )
  assert.ok(failed, `${id} passes now: take it off the list of known failures`)
}

function complete(
  fixture: TransportFixture,
  { capabilities, patienceMs = 2000 }: Pick<RunTransportCasesOptions, 'capabilities' | 'patienceMs'>,
): CaseFixture {
  return {
    ...fixture,
    capabilities: new Set(capabilities),
    patienceMs,
    seeded: async (image) => {
      if (fixture.seeded !== undefined) return await fixture.seeded(image)
      const reference = await fixture.emptyLocation()
      await writeImage(reference, image)
      return reference
    },
  }
}

/** The signal aborts at the deadline; a case that ignores it is left behind and fails all the same. */
async function withDeadline(timeoutMs: number, run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController()
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const late = new assert.AssertionError({ message: `the case did not end within ${timeoutMs} ms` })
    controller.abort(late)
    reject(late)
  }, timeoutMs)
  try {
    await Promise.race([run(controller.signal), promise])
  } finally {
    clearTimeout(timer)
  }
}
