import { quoteForeign } from '@crossdock/core'
import type { CommandEntry } from '../command-entry.ts'
import type { Call } from '../endpoints.ts'
import { textFlag } from '../flags.ts'
import { readPassphraseFile } from '../input-file.ts'
import { UsageError } from '../failure.ts'

export const generateSigstoreKeyCommand: CommandEntry = {
  name: 'generate-sigstore-key',
  summary: 'make a key pair to sign images with',
  define: (command, invocation) => {
    command
      .description(
        'Makes a key pair for sigstore signatures, which cosign and skopeo read, too: PREFIX.private, encrypted with a passphrase and for ' +
          'its owner alone, and PREFIX.pub, which a policy names. The passphrase is the first line of a file, or of standard input; ' +
          'at a terminal it is asked for. Files that are there already stay as they are.',
      )
      .requiredOption('--output-prefix <prefix>', 'where to write: PREFIX.private and PREFIX.pub')
      .option('--passphrase-file <file>', 'take the passphrase from the first line of this file')
      .action(() =>
        invocation.run((operation) => generateKey({ flags: command.optsWithGlobals(), invocation, operation })),
      )
  },
}

async function generateKey(call: Call): Promise<void> {
  const prefix = textFlag(call.flags, 'outputPrefix') ?? ''
  if (prefix === '') throw new UsageError('--output-prefix is empty')
  const passphrase = await readPassphrase(call)
  const [{ generateSigstoreKey }, { writeNewFile }, { unlink }] = await Promise.all([
    import('@crossdock/signature-policy'),
    import('../new-file.ts'),
    import('node:fs/promises'),
  ])
  const { privateKey, publicKey } = await generateSigstoreKey({ passphrase })
  const names = { private: `${prefix}.private`, public: `${prefix}.pub` }
  await writeNewFile(names.public, publicKey, 0o644)
  try {
    await writeNewFile(names.private, privateKey, 0o600)
  } catch (error) {
    await unlink(names.public)
    throw error
  }
  await call.invocation.print(`Key written to "${quoteForeign(names.private)}" and "${quoteForeign(names.public)}"\n`)
}

async function readPassphrase({ flags, invocation, operation: { signal } }: Call): Promise<string> {
  const fromFile = await readPassphraseFile(textFlag(flags, 'passphraseFile'), { signal })
  if (fromFile !== undefined) return fromFile
  const { canAsk, prompt } = await import('../streams/prompt.ts')
  const { terminal } = invocation
  if (!canAsk(terminal)) return invocation.readLine(signal)
  const typed = await prompt(terminal, 'Passphrase for the private key: ', { signal, hidden: true })
  const again = await prompt(terminal, 'The same again: ', { signal, hidden: true })
  if (typed !== again) throw new UsageError('the two passphrases differ')
  return typed
}
