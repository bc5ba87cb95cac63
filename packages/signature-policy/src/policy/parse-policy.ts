import { MAX_CONFIG_FILE_BYTES, readStrictJson } from '@crossdock/config'
import { ImageError, type ImageTransport, quoteForeign } from '@crossdock/core'
import { checkedObject, listItems, objectMembers, type PolicyValue } from './checked-object.ts'
import { parseRequirement } from './parse-requirement.ts'
import type { Policy, PolicyRequirement } from './policy.ts'

export interface ParsePolicyOptions {
  /** The file, for messages. */
  readonly what: string
  /** They check the scopes of theirs. */
  readonly transports: readonly Pick<ImageTransport, 'name' | 'validatePolicyScope'>[]
  /** What becomes of a transport that is not among them: `keep` takes its scopes unchecked. Default: `keep`. */
  readonly unknownTransports?: 'keep' | 'refuse' | undefined
}

/**
 * Reads a policy.json (containers-policy.json(5)). A document that could be read in two ways, or in which a word is misspelt, would
 * allow more than its author meant: unknown and doubled keys, `null`, empty lists of requirements, scopes that no image has, a
 * byte order mark and text behind the document refuse all of it.
 *
 * Throws `INVALID_DATA` (`FILE:LINE:COLUMN: reason`) and `LIMIT_EXCEEDED`.
 */
export function parsePolicy(bytes: Uint8Array, options: ParsePolicyOptions): Policy {
  const { what } = options
  const document = readStrictJson(bytes, { what, maxBytes: MAX_CONFIG_FILE_BYTES })
  const policy = checkedObject({ document, path: [], value: document.value }, ['default', 'transports'])
  const transports = policy.value('transports')
  return {
    file: what,
    default: parseRequirements(policy.required('default')),
    transports: transports === undefined ? new Map() : parseTransports(transports, options),
  }
}

function parseTransports(place: PolicyValue, options: ParsePolicyOptions): Policy['transports'] {
  return mapMembers(place, (scopes, name) => {
    const transport = options.transports.find((known) => known.name === name)
    if (transport === undefined && options.unknownTransports === 'refuse') {
      const known = options.transports.map((one) => one.name).join(', ')
      throw scopes.document.error(
        scopes.path,
        `the transport "${quoteForeign(name, 60)}" is not known; known are ${known}`,
      )
    }
    return mapMembers(scopes, (requirements, scope) => {
      if (scope !== '' && transport !== undefined) checkScope(requirements, scope, transport)
      return parseRequirements(requirements)
    })
  })
}

function mapMembers<Value>(
  place: PolicyValue,
  parse: (member: PolicyValue, key: string) => Value,
): ReadonlyMap<string, Value> {
  return new Map([...objectMembers(place)].map(([key, member]) => [key, parse(member, key)]))
}

function checkScope(
  { document, path }: PolicyValue,
  scope: string,
  transport: Pick<ImageTransport, 'validatePolicyScope'>,
): void {
  try {
    transport.validatePolicyScope(scope)
  } catch (reason) {
    if (!(reason instanceof ImageError)) throw reason
    throw document.error(path, reason.message)
  }
}

function parseRequirements(place: PolicyValue): readonly PolicyRequirement[] {
  const items = listItems(place)
  if (items.length === 0) {
    throw place.document.error(
      place.path,
      'the list of requirements is empty; [{"type":"reject"}] is one that no image fulfils',
    )
  }
  return items.map(parseRequirement)
}
