/** What people call the types of resources that the template has. */
const NAMES: Readonly<Record<string, string>> = {
  "AWS::S3::Bucket": "S3 bucket",
  "AWS::S3::BucketPolicy": "bucket policy",
  "AWS::IAM::Role": "IAM role",
  "AWS::IAM::Group": "IAM group",
  "AWS::IAM::ManagedPolicy": "IAM policy",
  "AWS::IAM::InstanceProfile": "instance profile",
  "AWS::EC2::SecurityGroup": "security group",
  "AWS::EC2::LaunchTemplate": "launch template",
  "AWS::Batch::ComputeEnvironment": "compute environment",
  "AWS::Batch::JobQueue": "job queue",
  "AWS::Batch::JobDefinition": "job definition",
  "AWS::EFS::AccessPoint": "EFS access point",
  "AWS::Events::Rule": "schedule",
  "AWS::CloudFormation::Stack": "stack",
};

/** `S3 bucket` for `AWS::S3::Bucket` */
export function kindOf(type: string): string {
  return NAMES[type] ?? type.replace(/^AWS::/, "").replaceAll("::", " ");
}

/** As wide as the widest of them, for columns. */
export const KIND_WIDTH = Math.max(...Object.values(NAMES).map((name) => name.length));
