import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { familiarDockerReference, formatDockerReference, ImageError, parseDockerReference } from '../src/index.ts'

/** Rows that are read differently here, and why. */
const DEVIATIONS: Readonly<Record<string, string>> = {
  'EXAMPLE/group-image:V42': 'a host has a dot or a port or is localhost: upper case alone does not make one',
  'Example-1/image:1.0-BETA': 'the same',
  'example-A/group/image:v42': 'the same',
  'example./g/roup/image:a': 'a host does not end with a dot: one registry would have two names for policies',
  'example.:5000/g/roup/image:a': 'the same',
  '[::1]:5000/image:v42': 'IPv6 addresses are not accepted: no policy scope could name them',
  '[fddd:1222:1222:1222::ac29:5a6a]:5000/image:v42': 'the same',
  '[fddd:1222:1222:1222::ac29:5a6a]/image:v42': 'the same',
  'localhost:5000': 'without a slash this is the repository "localhost" with the tag "5000", as Docker reads it',
  localhost: 'without a slash this is a repository of Docker Hub',
  'hello-world:linux': 'Docker Hub is filled in',
  'project/image:x': 'the row lost the repetition that made its tag too long; 129 characters are refused elsewhere',
  [`${'a/'.repeat(127)}a:tag-puts-this-over-max`]: 'the limit of 255 counts the host that is filled in',
}

const REFUSED = 'refused'
const ACCEPTED = 'accepted'

/** A text and what should become of it: the explicit form, or only whether it is accepted. */
type Expectation = readonly [text: string, expected: string]

function verdict(text: string): string {
  try {
    return formatDockerReference(parseDockerReference(text))
  } catch (error) {
    if (error instanceof ImageError && error.code === 'INVALID_REFERENCE') return REFUSED
    throw error
  }
}

/** The rows that are read differently without being listed, and those that are listed in vain. */
function unexplained(rows: readonly Expectation[]): readonly string[] {
  if (rows.length === 0) throw new Error('an empty table')
  return rows.flatMap(([text, expected]) => {
    const actual = verdict(text)
    const same = expected === ACCEPTED ? actual !== REFUSED : actual === expected
    return same === Object.hasOwn(DEVIATIONS, text) ? [`${text}: ${expected} there, ${actual} here`] : []
  })
}

function load(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`fixtures/docker-reference/${name}.json`, import.meta.url), 'utf8'))
}

type Cells = Readonly<Record<string, string>>
type GoTables = Readonly<Record<string, readonly { readonly line: number; readonly rows: readonly unknown[] }[]>>

function rowsOf(tables: unknown, name: string, line: number): readonly Cells[] {
  const rows = (tables as GoTables)[name]?.find((table) => table.line === line)?.rows
  if (rows === undefined) throw new Error(`no table ${name} at line ${line}`)
  return rows.map((row) => (typeof row === 'string' ? { input: row } : (row as Cells)))
}

function all(expected: string): (row: Cells) => Expectation {
  return ({ input = '' }) => [input, expected]
}

/** What a parser that fills nothing in calls a name, made explicit. */
function explicit(name: string): string {
  const [first = '', ...rest] = name.split('/')
  if (rest.length > 0 && /[.:]|^localhost$/.test(first)) return name
  return `docker.io/${rest.length > 0 ? name : `library/${name}`}`
}

function suffix(tag: string | undefined, digest: string | undefined): string {
  return (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`)
}

describe('tables of containers/image: normalize', () => {
  const tables = load('containers-image-normalize')

  test('reference names', () => {
    expect(unexplained(rowsOf(tables, 'TestValidateReferenceName', 11).map(all(ACCEPTED)))).toEqual([])
    expect(unexplained(rowsOf(tables, 'TestValidateReferenceName', 31).map(all(REFUSED)))).toEqual([])
  })

  test('remote names', () => {
    expect(unexplained(rowsOf(tables, 'TestValidateRemoteName', 59).map(all(ACCEPTED)))).toEqual([])
    expect(unexplained(rowsOf(tables, 'TestValidateRemoteName', 89).map(all(REFUSED)))).toEqual([])
  })

  const repositories = rowsOf(tables, 'TestParseRepositoryInfo', 132)
  test.each(repositories.map((row) => [row['FullName'], row] as const))('all names of %s', (_name, row) => {
    for (const field of ['FamiliarName', 'FullName', 'AmbiguousName']) {
      const text = row[field]
      if (text === undefined || text === '') continue
      const reference = parseDockerReference(text)
      expect(reference).toEqual({ domain: row['Domain'], path: row['RemoteName'] })
      expect(familiarDockerReference(reference)).toBe(row['FamiliarName'])
    }
  })

  test('host and path', () => {
    const rows = rowsOf(tables, 'TestNormalizedSplitHostname', 415)
    expect(unexplained(rows.map(({ input = '', domain, name }) => [input, `${domain}/${name}`]))).toEqual([])
  })

  test('any reference; image IDs are refused', () => {
    const rows = rowsOf(tables, 'TestParseAnyReference', 329)
    const expectations = rows.map(({ Reference = '', Equivalent = '' }): Expectation => {
      return [Reference, Equivalent.startsWith('sha256:') ? REFUSED : Equivalent]
    })
    expect(unexplained(expectations)).toEqual([])
  })

  test('docker references, where the default tag and dropping a tag beside a digest are left to the caller', () => {
    for (const { input = '', expected } of rowsOf(tables, 'TestParseDockerRef', 575)) {
      const { tag, digest, ...name } = parseDockerReference(input)
      const chosen = digest === undefined ? { ...name, tag: tag ?? 'latest' } : { ...name, digest }
      expect(formatDockerReference(chosen)).toBe(expected)
    }
  })
})

describe('tables of containers/image: reference', () => {
  const tables = load('containers-image-reference')

  test('references', () => {
    const rows = rowsOf(tables, 'TestReferenceParse', 17)
    const expectations = rows.map(({ input = '', err, repository = '', tag, digest }): Expectation => {
      // One row leaves out the digest that its input has.
      const given = digest ?? input.split('@')[1]
      return [input, err === undefined ? explicit(repository) + suffix(tag, given) : REFUSED]
    })
    expect(unexplained(expectations)).toEqual([])
  })

  test('names that are canonical and names that are not', () => {
    for (const { input = '', err } of rowsOf(tables, 'TestParseNamed', 586)) {
      expect(verdict(input) === input).toBe(err === undefined)
    }
  })

  test('hosts, and names that cannot be', () => {
    const hosts = rowsOf(tables, 'TestSplitHostname', 283)
    expect(unexplained(hosts.map(({ input = '' }) => [input, explicit(input)]))).toEqual([])
    const bad = rowsOf(tables, 'TestWithNameFailure', 240)
    expect(unexplained(bad.map(all(REFUSED)))).toEqual([])
  })

  test('texts that are written out', () => {
    const whole = rowsOf(tables, 'TestSerialization', 345)
    expect(unexplained(whole.map(({ input = '', err }) => [input, err === undefined ? input : REFUSED]))).toEqual([])
    // Digests of 37 characters are composed in these two, never parsed.
    const tagged = rowsOf(tables, 'TestWithTag', 468)
    expect(
      unexplained(
        tagged.map(({ combined = '', digest }) => [combined, digest === undefined ? explicit(combined) : REFUSED]),
      ),
    ).toEqual([])
    const digested = rowsOf(tables, 'TestWithDigest', 530)
    expect(unexplained(digested.map(({ combined = '' }) => [combined, REFUSED]))).toEqual([])
  })
})

test('table of regclient', () => {
  const rows = load('regclient') as readonly (Cells & { readonly error: boolean })[]
  const expectations = rows.map(({ ref = '', scheme, registry, repository, tag, digest, error }): Expectation => {
    // Names of its folder and file transports are not Docker references; the default tag is filled in there.
    if (error || scheme !== 'reg') return [ref, REFUSED]
    const given = tag === 'latest' && !ref.endsWith(':latest') ? '' : tag
    return [ref, `${registry}/${repository}` + suffix(given || undefined, digest || undefined)]
  })
  expect(unexplained(expectations)).toEqual([])
  expect(rows).toHaveLength(48)
})

test('lists of go-containerregistry', () => {
  const kinds = load('go-containerregistry') as Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
  const expectations = Object.entries(kinds).flatMap(([kind, lists]) =>
    Object.entries(lists).flatMap(([name, texts]) =>
      texts
        .filter((text) => kind !== 'registry' || text !== '') // the default registry is no name
        .map((text): Expectation => {
          return [kind === 'registry' ? `${text}/name` : text, name.startsWith('good') ? ACCEPTED : REFUSED]
        }),
    ),
  )
  expect(unexplained(expectations)).toEqual([])
  expect(expectations).toHaveLength(57)
})

test('list of oras-go', () => {
  const { invalid } = load('oras-go-invalid') as { readonly invalid: readonly { readonly raw: string }[] }
  expect(unexplained(invalid.map(({ raw }) => [raw, REFUSED]))).toEqual([])
  expect(invalid).toHaveLength(9)
})
