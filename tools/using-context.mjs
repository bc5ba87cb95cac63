/** A failure while the one before it was on its way (`SuppressedError`, which older Node.js lacks). */
function suppressing(error, suppressed) {
  return Object.assign(new Error('a failure while another one was handled'), { error, suppressed })
}

/** What `using` declarations become where Node.js cannot read them: `u` and `a` take resources, `e` is the failure of the block, `d` disposes. */
export function usingContext() {
  const none = {}
  const taken = []

  function take(value, isAsync) {
    const isNothing = value === null || value === undefined
    const dispose = isNothing ? () => undefined : (isAsync && value[Symbol.asyncDispose]) || value[Symbol.dispose]
    if (typeof dispose !== 'function') throw new TypeError('it cannot be disposed')
    if (isAsync || !isNothing) taken.push({ isAsync, dispose: () => dispose.call(value) })
    return value
  }

  async function disposeInTurn(failure) {
    let last = failure
    for (const { dispose } of taken.splice(0).toReversed()) {
      try {
        await dispose()
      } catch (reason) {
        last = last === none ? reason : suppressing(reason, last)
      }
    }
    if (last !== none) throw last
  }

  function disposeAtOnce(failure) {
    let last = failure
    for (const { dispose } of taken.splice(0).toReversed()) {
      try {
        dispose()
      } catch (reason) {
        last = last === none ? reason : suppressing(reason, last)
      }
    }
    if (last !== none) throw last
  }

  return {
    e: none,
    u: (value) => take(value, false),
    a: (value) => take(value, true),
    d() {
      return taken.some(({ isAsync }) => isAsync) ? disposeInTurn(this.e) : disposeAtOnce(this.e)
    },
  }
}
