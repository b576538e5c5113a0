/** A command of the `aws` program, for the account and region in use, or the local AWS that `--local-aws` names, to be copied. */
export function awsProgram(
  { isByOption, region }: { readonly isByOption: boolean; readonly region: string },
  command: string,
): string {
  return isByOption
    ? `(eval "$(nextstrain local-aws env)"; aws ${command})`
    : `aws --region ${region} ${command}`;
}
