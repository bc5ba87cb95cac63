import { AssertionError } from 'node:assert'
import { ImageError } from '@crossdock/core'
import { afterEach, describe, expect, test } from 'vitest'
import { transportCases } from '../src/index.ts'
import { runCase } from '../src/run-transport-cases.ts'
import { memoryFixture, MEMORY_CAPABILITIES } from './memory-fixture.ts'
import { callSaboteurs } from './saboteurs/call-saboteurs.ts'
import { destinationSaboteurs } from './saboteurs/destination-saboteurs.ts'
import { referenceSaboteurs } from './saboteurs/reference-saboteurs.ts'
import type { Saboteur } from './saboteurs/saboteur.ts'
import { leakedHandles, sourceSaboteurs } from './saboteurs/source-saboteurs.ts'

const saboteurs: readonly Saboteur[] = [
  ...referenceSaboteurs,
  ...sourceSaboteurs,
  ...destinationSaboteurs,
  ...callSaboteurs,
]

afterEach(async () => {
  await Promise.all(leakedHandles.splice(0).map((handle) => handle.close().catch(() => undefined)))
})

describe('a transport that is wrong is found out', () => {
  for (const saboteur of saboteurs) {
    for (const id of saboteur.breaks) {
      test(`${id} fails if it ${saboteur.wrong}`, async () => {
        const verdict = await failureOf(id, saboteur)
        // Anything else would be a fault of the saboteur or of the case itself.
        expect(verdict).toSatisfy((error) => error instanceof AssertionError || error instanceof ImageError)
      })
    }
  }
})

test('every case is failed by some transport', () => {
  const broken = new Set(saboteurs.flatMap(({ breaks }) => breaks))
  expect(transportCases.map(({ id }) => id).filter((id) => !broken.has(id))).toEqual([])
})

async function failureOf(id: string, saboteur: Saboteur): Promise<unknown> {
  const one = transportCases.find((candidate) => candidate.id === id)
  if (one === undefined) throw new RangeError(`there is no case ${id}`)
  return await runCase(one, {
    capabilities: MEMORY_CAPABILITIES,
    fixture: () => memoryFixture({ wrap: (memory) => saboteur.apply(memory) }),
    patienceMs: 200,
  }).then(
    () => undefined,
    (error: unknown) => error,
  )
}
