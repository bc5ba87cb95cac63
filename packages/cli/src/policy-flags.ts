import { type Command, Option } from 'commander'

/** The flags that say which images are accepted. Every command takes them, so that scripts need not know which ones judge. */
export function addPolicyFlags(program: Command): void {
  program
    .option('--policy <file>', 'judge images by this policy.json instead of the one of this machine')
    .addOption(
      new Option('--insecure-policy', 'accept images whatever a policy says, signed or not').conflicts([
        'requireSigned',
        'requirePolicy',
      ]),
    )
    .option('--require-signed', 'refuse images of which no signature was verified')
    .option('--require-policy', 'refuse every image if there is no policy.json')
}
