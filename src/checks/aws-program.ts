/** A command of the `aws` program, for the account and region in use, or this home's local AWS, to be copied. */
export function awsProgram(
  { isLocal, region }: { readonly isLocal: boolean; readonly region: string },
  command: string,
): string {
  return isLocal
    ? `(eval "$(nextstrain local-aws env)"; aws ${command})`
    : `aws --region ${region} ${command}`;
}
