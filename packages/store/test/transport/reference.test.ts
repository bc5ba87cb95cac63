import { isDeepStrictEqual } from 'node:util'
import { digestOf } from '@crossdock/core'
import { assert, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { storeImageName } from '../../src/index.ts'
import { formatLocation, namesToTry, parseLocation, policyOf } from '../../src/transport/reference.ts'

const DIGEST = digestOf(Buffer.from('x'))

describe('what a reference into a store names', () => {
  it.each([
    ['alpine', 'docker.io/library/alpine:latest', 'alpine:latest'],
    ['alpine:3.20', 'docker.io/library/alpine:3.20', 'alpine:3.20'],
    ['reg.example:5000/foo', 'reg.example:5000/foo:latest', 'reg.example:5000/foo:latest'],
    [`alpine:3.20@${DIGEST}`, 'docker.io/library/alpine:3.20', `alpine:3.20@${DIGEST}`],
    [`alpine@${DIGEST}`, `docker.io/library/alpine@${DIGEST}`, `alpine@${DIGEST}`],
    ['Not/A_Docker Name'.replace(' ', '-'), 'Not/A_Docker-Name', 'Not/A_Docker-Name'],
    [`Other@${DIGEST}`, 'Other', `Other@${DIGEST}`],
    [DIGEST, undefined, DIGEST],
  ])('%s is %s', (text, name, printed) => {
    const location = parseLocation(text)
    expect(location.name).toBe(name)
    expect(formatLocation(location)).toBe(printed)
    expect(parseLocation(printed)).toEqual(location)
  })

  it.each([
    '',
    'a b',
    'x\n',
    'x@',
    'x@bad',
    'sha256:abc',
    `x@${DIGEST.slice(0, -1)}`,
    'md5:abc',
    ':x',
    'x:',
    'é\u200b',
  ])('%j is refused', (text) => {
    expect(() => parseLocation(text)).toThrow(expect.objectContaining({ code: 'INVALID_REFERENCE' }))
  })

  it('may be under a short name that another program gave it', () => {
    expect(namesToTry(parseLocation('latest'))).toEqual(['docker.io/library/latest:latest', 'latest:latest', 'latest'])
    expect(namesToTry(parseLocation('alpine:3.20'))).toEqual(['docker.io/library/alpine:3.20', 'alpine:3.20'])
    expect(namesToTry(parseLocation('Other'))).toEqual(['Other'])
    expect(namesToTry(parseLocation(DIGEST))).toEqual([])
  })

  it('is looked up by policies as an image of a registry is', () => {
    expect(policyOf(parseLocation('alpine'))?.identity).toBe('docker.io/library/alpine:latest')
    expect(policyOf(parseLocation('Other'))).toBeUndefined()
    expect(policyOf(parseLocation(DIGEST))).toBeUndefined()
  })

  it('reads back what it prints, whatever it is', () => {
    const readsBack = property(string({ unit: 'binary' }), (text) => {
      const location = attempt(() => parseLocation(text))
      return location === undefined || isDeepStrictEqual(parseLocation(formatLocation(location)), location)
    })
    expect(() => assert(readsBack)).not.toThrow()
  })

  it('has no name of an image if it is a digest', () => {
    expect(storeImageName('alpine')).toBe('docker.io/library/alpine:latest')
    expect(() => storeImageName(DIGEST)).toThrow(expect.objectContaining({ code: 'INVALID_REFERENCE' }))
  })
})

function attempt<Value>(work: () => Value): Value | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
