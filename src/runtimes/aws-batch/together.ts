/**
 * Does several things at once. Where one fails the others are stopped, and the failure is thrown only when all have ended:
 * what is tidied up after it isn't made again by one that was still at work.
 */
export async function together<const Works extends readonly ((signal: AbortSignal) => Promise<unknown>)[]>(
  signal: AbortSignal,
  ...works: Works
): Promise<{ readonly [Index in keyof Works]: Awaited<ReturnType<Works[Index]>> }> {
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const begun = works.map(async (work) => {
    try {
      return await work(either);
    } catch (error) {
      failure.abort(error);
      throw error;
    }
  });
  await Promise.allSettled(begun);
  // The first failure is the cause; the others only stopped because of it.
  if (failure.signal.aborted) throw failure.signal.reason;
  return (await Promise.all(begun)) as { readonly [Index in keyof Works]: Awaited<ReturnType<Works[Index]>> };
}
