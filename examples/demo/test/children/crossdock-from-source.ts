/** The command as it is in the sources, so that the tests do not depend on what was built last. */
import { main } from '@crossdock/cli'

process.exitCode = await main(process.argv.slice(2), process)
