import { readFileSync } from 'node:fs'
import { formatDockerReference, ImageError, imageName } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dockerDaemonTransport } from '../src/index.ts'

const transport = dockerDaemonTransport()
const HEX = '0123456789abcdef'.repeat(4)

/** Of github.com/containers/image, `docker/daemon/daemon_transport_test.go`. */
const tables = JSON.parse(
  readFileSync(new URL('fixtures/daemon_transport_test.json', import.meta.url), 'utf8'),
) as Readonly<{
  testParseReference: readonly { readonly rows: readonly ParseRow[] }[]
  validNamedReferenceTestCases: readonly { readonly rows: readonly NamedRow[] }[]
  TestReferencePolicyConfigurationNamespaces: readonly { readonly rows: readonly string[] }[]
  TestTransportValidatePolicyConfigurationScope: readonly { readonly rows: readonly string[] }[]
}>

interface ParseRow {
  readonly input: string
  readonly expectedID: string
  readonly expectedRef: string
}

interface NamedRow {
  readonly input: string
  readonly dockerRef: string
  readonly stringWithinTransport: string
}

describe('references of the field', () => {
  const rows = tables.testParseReference.flatMap((table) => table.rows)
  const good = rows.filter(({ expectedID, expectedRef }) => expectedID !== '' || expectedRef !== '')
  const bad = rows.filter((row) => !good.includes(row))

  it.each(good)('$input is read', ({ input, expectedID, expectedRef }) => {
    const { dockerReference, ...reference } = transport.parseReference(input)
    expect(dockerReference === undefined ? '' : formatDockerReference(dockerReference)).toBe(expectedRef)
    expect(dockerReference === undefined ? reference.toString() : '').toBe(expectedID)
  })

  it.each(bad)('"$input" is refused', ({ input }) => {
    expect(() => transport.parseReference(input)).toThrow(expect.objectContaining({ code: 'INVALID_REFERENCE' }))
  })

  it.each(tables.validNamedReferenceTestCases.flatMap((table) => table.rows))(
    '$input is printed as people write it',
    ({ input, dockerRef, stringWithinTransport }) => {
      const reference = transport.parseReference(input)
      expect(reference.toString()).toBe(stringWithinTransport)
      expect(reference.policy?.identity).toBe(dockerRef)
    },
  )

  it('are looked up by repository, what is above it, and wildcards', () => {
    const [table] = tables.TestReferencePolicyConfigurationNamespaces
    expect(transport.parseReference('busybox:notlatest').policy?.namespaces).toEqual(table!.rows)
    expect(transport.parseReference(`sha256:${HEX}`).policy).toBeUndefined()
  })

  it('may be a scope of a policy, but no digest may', () => {
    for (const scope of tables.TestTransportValidatePolicyConfigurationScope.flatMap((table) => table.rows)) {
      transport.validatePolicyScope(scope)
    }
    expect(() => transport.validatePolicyScope(`sha256:${HEX}`)).toThrow(ImageError)
  })
})

describe('what is refused', () => {
  it.each([
    ['app', 'write app:latest'],
    ['sha256:1', 'an image ID is sha256: with 64'],
    ['docker.io/library/sha256:1', 'an image ID is sha256: with 64'],
    [`sha512:${HEX}${HEX}`, 'an image ID is sha256: with 64'],
    [`app:1@sha256:${HEX}`, 'not both'],
    ['App:1', 'lower case'],
  ])('%s: with what to write', (text, words) => {
    expect(() => transport.parseReference(text)).toThrow(words)
  })

  it('shows no password', () => {
    expect(() => transport.parseReference('me:s3cret@example.com/App:1')).toThrow(/^(?!.*s3cret)/)
  })
})

it('only a name with a tag can be written', () => {
  expect(transport.parseReference('app:1').openDestination).toBeDefined()
  for (const text of [`app@sha256:${HEX}`, `sha256:${HEX}`]) {
    expect('openDestination' in transport.parseReference(text)).toBe(false)
  }
})

it('a reference reads back as itself, whatever it is, and names have scopes', () => {
  const component = fc.stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,4})?$/)
  const path = fc.array(component, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
  const suffix = fc.oneof(
    fc.stringMatching(/^:[A-Za-z0-9_][A-Za-z0-9_.-]{0,10}$/),
    fc.constant(`@sha256:${HEX}`),
    fc.constant(''),
  )
  const host = fc.constantFrom('', 'docker.io/', 'localhost/', 'example.com:5000/')
  const text = fc.oneof(
    fc.tuple(host, path, suffix).map((parts) => parts.join('')),
    fc.string(),
    fc.constant(`sha256:${HEX}`),
  )
  fc.assert(
    fc.property(text, (input) => {
      const reference = parseOrRefuse(input)
      if (reference === undefined) return
      const again = transport.parseReference(reference.toString())
      expect(imageName(again)).toBe(imageName(reference))
      expect(again.policy).toEqual(reference.policy)
      const { policy } = reference
      for (const scope of policy === undefined ? [] : [policy.identity, ...policy.namespaces]) {
        transport.validatePolicyScope(scope)
      }
    }),
    { numRuns: 500 },
  )
})

function parseOrRefuse(text: string) {
  try {
    return transport.parseReference(text)
  } catch (error) {
    if (error instanceof ImageError) return undefined
    throw error
  }
}
