import { createBufferPool } from '../link/buffer-pool.ts'
import { type Answer, type Connection, type Host, openConnection, type Question } from './connection.ts'

/** Connections to one registry, opened as they are needed. */
export interface Pool {
  /** Throws for an answer that is no success. */
  ask(question: Question): Promise<Answer>
  /** A connection for some questions in a row, and its buffers. */
  use<Value>(work: (connection: Connection) => Promise<Value>): Promise<Value>
  close(): void
}

/** So many requests in flight, when each of them is small, are as quick as more. */
const CONNECTIONS = 16

export function openPool(host: Host, buffers = createBufferPool()): Pool {
  const all: Connection[] = []
  const free: Connection[] = []
  const waiting: ((connection: Connection) => void)[] = []
  const take = (): Connection | Promise<Connection> => {
    const idle = free.pop()
    if (idle !== undefined) return idle
    if (all.length >= CONNECTIONS) return new Promise((resolve) => waiting.push(resolve))
    const connection = openConnection(host, buffers)
    all.push(connection)
    return connection
  }
  const use: Pool['use'] = async (work) => {
    const connection = await take()
    const value = await work(connection)
    const next = waiting.shift()
    if (next === undefined) free.push(connection)
    else next(connection)
    return value
  }
  return {
    use,
    ask: (question) => use((connection) => succeed(connection, question)),
    close: () => {
      for (const connection of all) connection.close()
    },
  }
}

/** Asks, and throws unless the answer is a success. */
export async function succeed(connection: Connection, question: Question): Promise<Answer> {
  const answer = await connection.ask(question)
  if (answer.status < 300) return answer
  throw new Error(`${question.method} ${question.path}: ${answer.status} ${answer.body.toString().slice(0, 200)}`)
}
