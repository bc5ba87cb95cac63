import type {
  CertificatesExplanation,
  Explanation,
  HostExplanation,
  PolicyExplanation,
  RegistriesExplanation,
  SearchedPlace,
  SignatureSetting,
  SignaturesExplanation,
} from '@crossdock/config'
import { formatTable } from './table.ts'

type Row = readonly [label: string, text: string]

/** What `config explain` says, for people: a part for each kind of file, one line for each fact. */
export function formatExplanation({ subject, registries, hosts, signatures, policy }: Explanation): string {
  const parts: readonly (readonly [string, readonly Row[]])[] = [
    ['registries.conf', registryRows(subject.name, registries)],
    ...hosts.flatMap((host): (readonly [string, readonly Row[]])[] => [
      [`certs.d for ${host.host}`, certificateRows(host.certificates)],
      [`credentials for ${host.host}`, credentialRows(host)],
    ]),
    ['registries.d', signatureRows(signatures)],
    ['policy.json', policyRows(policy)],
  ]
  return parts.map(([title, rows]) => `${title}\n${indented(formatTable(rows))}`).join('\n')
}

/** Why parts of the configuration cannot be used. */
export function problemsIn({ registries, hosts, signatures, policy }: Explanation): readonly string[] {
  const parts = [registries, ...hosts.flatMap((host) => [host.certificates, host.credentials]), signatures, policy]
  const files = hosts.flatMap(({ credentials }) => credentials.files ?? [])
  return [...new Set([...parts, ...files].flatMap(({ problem }) => problem ?? []))]
}

function registryRows(name: string, found: RegistriesExplanation): readonly Row[] {
  const { entry, blocked, shortName, sources, below = [] } = found
  return [
    ...placeRows(found.searched),
    ...problemRow(found),
    ...(entry === undefined
      ? [row('decides', `nothing is said of ${name}`)]
      : [row('decides', `prefix ${entry.prefix} at ${entry.origin.file}:${entry.origin.line}`)]),
    ...(blocked === undefined ? [] : [row('blocked', blocked)]),
    ...sources.map((source, index) => row(index === 0 ? 'read from' : 'then from', sourceText(source))),
    ...(entry === undefined || sources.length > 0 ? [] : hostRows(entry)),
    row('TLS', found.insecure ? 'not checked, and plain HTTP is taken' : 'checked'),
    ...below.map(({ prefix, origin }) => row('below', `prefix ${prefix} at ${origin.file}:${origin.line}`)),
    ...(shortName?.candidates ?? []).map(({ reference, origin, file }) =>
      row('short name', `${reference} (${[origin, file, shortName?.mode].filter(Boolean).join(', ')})`),
    ),
    ...found.notes.map((note) => row('note', note)),
  ]
}

/** Of a registry as a whole. */
function hostRows({ mirrors, location, blocked }: NonNullable<RegistriesExplanation['entry']>): readonly Row[] {
  return [
    ...(blocked ? [row('blocked', 'yes')] : []),
    ...mirrors.map((mirror) => {
      const only = mirror.pull === 'all' ? '' : `, ${mirror.pull}`
      return row('mirror', `${mirror.location}${mirror.insecure ? ', insecure' : ''}${only}`)
    }),
    ...(location === undefined ? [] : [row('location', location)]),
  ]
}

function sourceText({ reference, isMirror, insecure }: RegistriesExplanation['sources'][number]): string {
  const facts = [isMirror ? 'mirror' : undefined, insecure ? 'insecure' : undefined].filter(
    (fact) => fact !== undefined,
  )
  return facts.length === 0 ? reference : `${reference} (${facts.join(', ')})`
}

function certificateRows(found: CertificatesExplanation): readonly Row[] {
  const more = found.authorities === 0 ? '' : `, and ${found.authorities} in ${found.folder}`
  const trusted = `the usual authorities${more}`
  return [
    ...placeRows(found.searched),
    ...problemRow(found),
    ...(found.problem === undefined ? [row('trusted', trusted)] : []),
    ...(found.client ? [row('client', 'has a certificate of its own')] : []),
  ]
}

function credentialRows({ credentials }: HostExplanation): readonly Row[] {
  const { files = [], places = [], problem } = credentials
  const from = places.map(({ file, key, helper }, index) => {
    const asked = helper === undefined ? `the entry ${key}` : `${helper}, asked for ${key}`
    return row(index === 0 ? 'taken from' : 'else from', file === undefined ? asked : `${asked}, in ${file}`)
  })
  return [
    ...files.map(({ state, path }) => row(state === 'missing' ? 'absent' : state, path)),
    ...files.flatMap(problemRow),
    ...problemRow({ problem }),
    ...(from.length > 0 ? from : [row('taken from', 'nowhere: requests are anonymous')]),
  ]
}

function signatureRows(found: SignaturesExplanation): readonly Row[] {
  const { lookaside, lookasideStaging, useSigstoreAttachments } = found
  return [
    ...placeRows(found.searched),
    ...problemRow(found),
    ...settingRow('read at', lookaside),
    ...settingRow('written at', lookasideStaging),
    ...settingRow('attachments', useSigstoreAttachments),
    ...found.notes.map((note) => row('note', note)),
  ]
}

function policyRows({ file, places, problem }: PolicyExplanation): readonly Row[] {
  if (file !== undefined) {
    const by = NAMED_BY[file.from]
    return [row('decides', by === undefined ? file.path : `${file.path} (by ${by})`), ...problemRow({ problem })]
  }
  if (problem !== undefined) return problemRow({ problem })
  return [...places.map((path) => row('absent', path)), row('decides', 'no policy: every image is accepted')]
}

/** Who named a policy that is not the first in the usual places. */
const NAMED_BY: Readonly<Record<NonNullable<PolicyExplanation['file']>['from'], string | undefined>> = {
  caller: '--policy',
  environment: 'CONTAINERS_POLICY_JSON',
  search: undefined,
}

function settingRow(label: string, setting: SignatureSetting<string | boolean> | undefined): readonly Row[] {
  if (setting === undefined) return []
  const { value, namespace, file, line } = setting
  const text = typeof value === 'string' ? value : value ? 'used' : 'not used'
  return [row(label, `${text} (${file === undefined ? 'by default' : `${namespace} at ${file}:${line}`})`)]
}

function placeRows(searched: readonly SearchedPlace[]): readonly Row[] {
  return searched.map(({ path, state, by }) => row(state, by === undefined ? path : `${path} (by ${by})`))
}

function problemRow({ problem }: { readonly problem?: string | undefined }): readonly Row[] {
  return problem === undefined ? [] : [row('wrong', problem)]
}

function row(label: string, text: string): Row {
  return [label, text]
}

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ')
}
