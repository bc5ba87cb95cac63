import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What a fake GnuPG does with `args`, `status(line)`, `input` and `passphrase` (both read to their ends) in its hands. */
export async function fakeGnupg(folder: string, body: string): Promise<string> {
  const path = join(folder, 'gpg')
  await writeFile(path, `#!${process.execPath}\n${PRELUDE}\n${body}\n`)
  await chmod(path, 0o755)
  return path
}

const PRELUDE = `
const { readFileSync, writeFileSync, writeSync } = require('node:fs')
const args = process.argv.slice(2)
const status = (line) => writeSync(3, '[GNUPG:] ' + line + '\\n')
const input = () => readFileSync(0)
const passphrase = () => readFileSync(4, 'utf8')
`
