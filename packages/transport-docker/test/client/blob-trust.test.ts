import { digestOf } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { createBlobTrust } from '../../src/client/blob-trust.ts'
import type { Endpoint } from '../../src/client/endpoint.ts'

// Only who they are counts here.
const [one, two, own] = ['one', 'two', 'own'].map((name) => ({ name }) as Endpoint)
const ALL = [one, two, own].filter((endpoint) => endpoint !== undefined)
const BLOB = digestOf(new Uint8Array())

function given(...givers: readonly (Endpoint | undefined)[]): ReturnType<typeof createBlobTrust> {
  const trust = createBlobTrust(ALL)
  for (const giver of givers) if (giver !== undefined) trust.gave(BLOB, giver)
  return trust
}

const names = (endpoints: Iterable<Endpoint>): string[] => Array.from(endpoints, ({ name }) => name)

describe('distrust', () => {
  it('is for the one who gave the blob', () => {
    const trust = given(one)
    expect(trust.distrust(BLOB)).toBe(true)
    expect(names(trust.distrusted(BLOB))).toEqual(['one'])
    expect(names(trust.distrusted(digestOf(new Uint8Array(1))))).toEqual([])
  })

  it('is for all who had a part in it but the registry itself', () => {
    const trust = given(one, two, own)
    expect(trust.distrust(BLOB)).toBe(true)
    expect(names(trust.distrusted(BLOB))).toEqual(['one', 'two'])
    trust.gave(BLOB, own as Endpoint)
    expect(trust.distrust(BLOB)).toBe(false)
  })

  it('leaves the others when the registry itself gave it alone', () => {
    const trust = given(own)
    expect(trust.distrust(BLOB)).toBe(true)
    expect(names(trust.distrusted(BLOB))).toEqual(['own'])
  })

  it('is for nobody where nobody gave anything', () => {
    expect(given().distrust(BLOB)).toBe(false)
    const trust = given(one)
    expect([trust.distrust(BLOB), trust.distrust(BLOB)]).toEqual([true, false])
  })

  it('ends, however often it is told', () => {
    const trust = given()
    let times = 0
    for (const endpoint of [...ALL, ...ALL, ...ALL]) {
      trust.gave(BLOB, endpoint)
      if (trust.distrust(BLOB)) times += 1
    }
    expect(times).toBe(ALL.length - 1)
  })
})
