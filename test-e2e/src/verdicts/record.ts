/**
 * Records what skopeo says of several hundred policies, signatures and names, as data for the tests in
 * `test-e2e/test/verdicts.test.ts`. Needs skopeo, gpg and openssl; makes new keys, and so replaces everything in the folder.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAuthorities } from './certificates.ts'
import { tableImage, writeImage } from './image.ts'
import { createGnuPg } from './keys.ts'
import {
  FOLDER_SCOPES,
  FOLDERS,
  folderPolicy,
  IDENTITIES,
  identityPolicy,
  IMAGES,
  scopePolicy,
  SCOPES,
  SIGNED_NAMES,
  sigstorePolicies,
  simplePolicies,
} from './matrix.ts'
import { policyForms } from './policies.ts'
import { serveTableImage } from './registry.ts'
import { sigstoreSignatures } from './sigstore-signatures.ts'
import { simpleSignatures } from './simple-signatures.ts'
import { judge, skopeoVersion, type Trial, type Verdict } from './skopeo.ts'

const REFERENCE = 'registry.example.com/app:1'
const TABLES = join(import.meta.dirname, '../../test/fixtures/verdicts')

const work = mkdtempSync(join(tmpdir(), 'verdicts-'))
const keysFolder = join(work, 'keys')
mkdirSync(keysFolder)
const image = tableImage()
const signed = { digest: image.digest, reference: REFERENCE }
const authorities = createAuthorities(join(work, 'authorities'))
for (const [name, certificate] of Object.entries(authorities.certificates)) {
  writeFileSync(join(keysFolder, `${name}.crt`), certificate)
}
const gnupg = createGnuPg(join(work, 'gnupg'), keysFolder)
const simple = simpleSignatures(gnupg, signed)
const sigstore = sigstoreSignatures(signed, { authorities, keysFolder })
const names = Object.fromEntries(
  SIGNED_NAMES.map((name) => {
    const reference = name.replace('{{DIGEST}}', image.digest)
    const payload = `{"critical":{"type":"atomic container signature","image":{"docker-manifest-digest":"${image.digest}"},"identity":{"docker-reference":"${reference}"}},"optional":{}}`
    return [name, gnupg.run(['-u', `${gnupg.fingerprints['good'] ?? ''}!`, '--sign'], Buffer.from(payload))]
  }),
)
gnupg.finish()

/** Judges all trials, a few at once, and adds the verdict to each row. */
async function judgeAll<Row extends object>(
  rows: readonly Row[],
  trialOf: (row: Row) => Trial,
): Promise<readonly (Row & { readonly verdict: Verdict })[]> {
  const verdicts: Verdict[] = []
  const queue = rows.entries()
  const worker = async (_: unknown, number: number): Promise<void> => {
    for (const [index, row] of queue) verdicts[index] = await judge(trialOf(row), join(work, `run-${number}`))
  }
  await Promise.all(Array.from({ length: 2 }, worker))
  return rows.map((row, index) => ({ ...row, verdict: verdicts[index] ?? 'invalid' }))
}

/** `dir:` images, one for each signature that is asked for. */
function signedFolder(name: string, signature: Buffer): string {
  const folder = join(work, 'images', Buffer.from(name).toString('hex').slice(0, 120))
  writeImage(image, folder)
  writeFileSync(join(folder, 'signature-1'), signature)
  return `dir:${folder}`
}

function write(name: string, value: unknown): void {
  writeFileSync(join(TABLES, name), `${JSON.stringify(value, undefined, 1)}\n`)
}

async function recordPolicies(): Promise<void> {
  const rows = Object.entries(policyForms(REFERENCE)).map(([name, policy]) => ({ name, policy }))
  const from = signedFolder('policies', simple['payload: good'] ?? Buffer.of())
  const values = { KEYS: keysFolder, DIR: join(work, 'images') }
  write('policies.json', await judgeAll(rows, ({ policy }) => ({ policy, image: from, values })))
}

async function recordSignatures(): Promise<void> {
  const kinds = [
    { kind: 'simple', signatures: simple, policies: simplePolicies(REFERENCE) },
    { kind: 'sigstore', signatures: sigstore, policies: sigstorePolicies(REFERENCE) },
  ]
  const rows = kinds.flatMap(({ kind, signatures, policies }) =>
    Object.keys(signatures).flatMap((signature) =>
      Object.keys(policies)
        .filter((policy) => isTelling(signature, policy))
        .map((policy) => ({ kind, signature, policy })),
    ),
  )
  const trialOf = ({ kind, signature, policy }: (typeof rows)[number]): Trial => {
    const found = kinds.find((one) => one.kind === kind)
    const from = signedFolder(`${kind} ${signature}`, found?.signatures[signature] ?? Buffer.of())
    return { policy: found?.policies[policy] ?? '', image: from, values: { KEYS: keysFolder } }
  }
  const policies = Object.fromEntries(kinds.map(({ kind, policies: texts }) => [kind, texts]))
  write('signatures.json', { policies, rows: await judgeAll(rows, trialOf) })
  const encoded = kinds.map(({ kind, signatures }) => [kind, base64(signatures)])
  write('signature-bytes.json', { ...Object.fromEntries(encoded), names: base64(names) })
}

function base64(values: Readonly<Record<string, Buffer>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).map(([name, bytes]) => [name, bytes.toString('base64')]))
}

/** Payloads and damage are one matter, keys another. */
function isTelling(signature: string, policy: string): boolean {
  const [topic = ''] = signature.split(':')
  const topics: Readonly<Record<string, readonly string[]>> = {
    payload: ['good', 'repository', 'p256'],
    form: ['good', 'any key', 'p256', 'logged'],
    damage: ['good', 'second', 'any key'],
    key: ['good', 'second', 'any key', 'p256', 'other'],
    rekor: ['p256', 'other', 'logged', 'logged by either', 'fulcio'],
    fulcio: ['fulcio', 'fulcio, another root', 'p256', 'pki'],
    pki: ['pki', 'pki, host', 'pki, address and host', 'pki, intermediate', 'fulcio'],
  }
  return topics[topic]?.includes(policy) ?? false
}

async function recordNames(): Promise<void> {
  await using registry = await serveTableImage(image, work)
  const values = { KEYS: keysFolder, DIGEST: image.digest }
  const typed = (text: string): string => `docker://${text.replace('{{DIGEST}}', image.digest)}`
  const identities = IMAGES.flatMap((name) =>
    SIGNED_NAMES.flatMap((signedName) =>
      Object.keys(IDENTITIES).map((identity) => ({ image: name, signed: signedName, identity })),
    ),
  )
  const lookasides = new Map(SIGNED_NAMES.map((name) => [name, registry.lookaside(names[name] ?? Buffer.of())]))
  write('identities.json', {
    identities: IDENTITIES,
    rows: await judgeAll(identities, (row) => ({
      policy: identityPolicy(IDENTITIES[row.identity]),
      image: typed(row.image),
      values,
      flags: [...registry.flags, '--registries.d', lookasides.get(row.signed) ?? ''],
    })),
  })
  const scopes = IMAGES.flatMap((name) => SCOPES.map((scope) => ({ image: name, scope })))
  write(
    'scopes.json',
    await judgeAll(scopes, (row) => ({
      policy: scopePolicy(row.scope),
      image: typed(row.image),
      values,
      flags: registry.flags,
    })),
  )
}

async function recordFolders(): Promise<void> {
  const below = join(work, 'folders')
  for (const folder of FOLDERS) writeImage(image, join(below, folder))
  const rows = FOLDERS.flatMap((folder) => FOLDER_SCOPES.map((scope) => ({ transport: 'dir', folder, scope })))
  const trialOf = ({ transport, folder, scope }: (typeof rows)[number]): Trial => ({
    policy: folderPolicy(transport, scope),
    image: `${transport}:${join(below, folder)}`,
    values: { DIR: below },
  })
  write('folders.json', await judgeAll(rows, trialOf))
}

try {
  rmSync(TABLES, { recursive: true, force: true })
  mkdirSync(TABLES, { recursive: true })
  await recordPolicies()
  await recordSignatures()
  await recordNames()
  await recordFolders()
  writeImage(image, join(TABLES, 'image'))
  cpSync(keysFolder, join(TABLES, 'keys'), { recursive: true })
  writeFileSync(
    join(TABLES, 'README.md'),
    `# Verdicts\n\nWhat ${await skopeoVersion()} says of policies, signatures and names; recorded by \`src/verdicts/record.ts\`. The keys were made for these\ntables, and nothing else is signed with them. \`image\` is a folder as \`dir:\` has it.\n`,
  )
} finally {
  rmSync(work, { recursive: true, force: true })
}
