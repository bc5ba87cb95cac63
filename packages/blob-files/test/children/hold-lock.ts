// Takes the lock of a folder and keeps it: FOLDER
import { acquireLock } from '../../src/lock.ts'

await acquireLock(process.argv[2] ?? '', { timeoutMs: 1000, guarded: 'the test' })
process.stdout.write('held')
setInterval(() => undefined, 1000)
