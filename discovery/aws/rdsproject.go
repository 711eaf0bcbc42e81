package aws

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func rdsTags(list []types.Tag) map[string]any {
	return tagMap(list, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
}

// texts sets properties that are text.
func (d *document) texts(values map[string]*string) {
	for name, v := range values {
		d.set(name, aws.ToString(v))
	}
}

// flags sets truth values that policies may ask for, see flag.
func (d *document) flags(call string, values map[string]*bool) {
	for name, v := range values {
		d.flag(name, v, call)
	}
}

// integers sets numbers that are there.
func (d *document) integers(values map[string]*int32) {
	for name, v := range values {
		d.set(name, optional(v))
	}
}

// asked sets a number that a policy may ask for.
func (d *document) asked(name string, v *int32, call string) {
	d.facet(name, facet{state: schemas.FacetPresent, call: call}.need(v != nil), func() any { return optional(v) })
}

func dbSecurityGroups(list []types.VpcSecurityGroupMembership) []any {
	groups := make([]string, len(list))
	for i, g := range list {
		groups[i] = aws.ToString(g.VpcSecurityGroupId)
	}
	return sortedStrings(groups)
}

// masterUserSecret is there when RDS keeps the password in Secrets Manager. Any
// other password, whose property is named, is never returned.
func masterUserSecret(d *document, secret *types.MasterUserSecret, password string) {
	if secret != nil {
		d.set("manageMasterUserPassword", true)
		d.set("masterUserSecretKmsKeyId", aws.ToString(secret.KmsKeyId))
		return
	}
	d.notReadable(password)
}

// projectDBInstance gives a member of a cluster as the resource that Pulumi has
// for it: half of its settings are the cluster's.
func projectDBInstance(region string, i types.DBInstance) discovery.Observation {
	d, call, token := newDocument(), listDBInstances.action, typeDBInstance
	if i.DBClusterIdentifier != nil {
		token = typeDBClusterInstance
	}
	d.set("region", region)
	d.texts(map[string]*string{
		"arn": i.DBInstanceArn, "identifier": i.DBInstanceIdentifier, "engine": i.Engine, "engineVersion": i.EngineVersion,
		"instanceClass": i.DBInstanceClass, "availabilityZone": i.AvailabilityZone, "kmsKeyId": i.KmsKeyId,
		"caCertIdentifier": i.CACertificateIdentifier, "customIamInstanceProfile": i.CustomIamInstanceProfile,
		"monitoringRoleArn": i.MonitoringRoleArn, "networkType": i.NetworkType, "performanceInsightsKmsKeyId": i.PerformanceInsightsKMSKeyId,
	})
	d.flags(call, map[string]*bool{
		"autoMinorVersionUpgrade": i.AutoMinorVersionUpgrade, "copyTagsToSnapshot": i.CopyTagsToSnapshot,
		"performanceInsightsEnabled": i.PerformanceInsightsEnabled, "publiclyAccessible": i.PubliclyAccessible, "storageEncrypted": i.StorageEncrypted,
	})
	d.integers(map[string]*int32{
		"monitoringInterval": i.MonitoringInterval, "performanceInsightsRetentionPeriod": i.PerformanceInsightsRetentionPeriod, "port": dbPort(i),
	})
	if i.DBSubnetGroup != nil {
		d.set("dbSubnetGroupName", aws.ToString(i.DBSubnetGroup.DBSubnetGroupName))
	}
	d.set("tags", rdsTags(i.TagList))
	if token == typeDBClusterInstance {
		clusterMember(d, i)
	} else {
		singleInstance(d, i)
	}
	sortUnknown(d)
	return d.observe(region, token, aws.ToString(i.DBInstanceIdentifier), aws.ToString(i.DBInstanceIdentifier), rdsProjection)
}

func dbPort(i types.DBInstance) *int32 {
	if i.Endpoint != nil && i.Endpoint.Port != nil {
		return i.Endpoint.Port
	}
	if i.DbInstancePort != nil && *i.DbInstancePort != 0 {
		return i.DbInstancePort
	}
	return nil
}

func dbParameterGroup(i types.DBInstance) string {
	if len(i.DBParameterGroups) == 0 {
		return ""
	}
	return aws.ToString(i.DBParameterGroups[0].DBParameterGroupName)
}

func clusterMember(d *document, i types.DBInstance) {
	d.texts(map[string]*string{
		"clusterIdentifier": i.DBClusterIdentifier, "preferredBackupWindow": i.PreferredBackupWindow, "preferredMaintenanceWindow": i.PreferredMaintenanceWindow,
	})
	d.integers(map[string]*int32{"promotionTier": i.PromotionTier})
	d.set("dbParameterGroupName", dbParameterGroup(i))
}

func singleInstance(d *document, i types.DBInstance) {
	call := listDBInstances.action
	d.texts(map[string]*string{
		"backupTarget": i.BackupTarget, "backupWindow": i.PreferredBackupWindow, "characterSetName": i.CharacterSetName, "dbName": i.DBName,
		"engineLifecycleSupport": i.EngineLifecycleSupport, "licenseModel": i.LicenseModel, "maintenanceWindow": i.PreferredMaintenanceWindow,
		"ncharCharacterSetName": i.NcharCharacterSetName, "replicateSourceDb": i.ReadReplicaSourceDBInstanceIdentifier, "storageType": i.StorageType,
		"timezone": i.Timezone, "username": i.MasterUsername,
	})
	d.set("databaseInsightsMode", string(i.DatabaseInsightsMode))
	d.set("replicaMode", string(i.ReplicaMode))
	d.flags(call, map[string]*bool{
		"deletionProtection": i.DeletionProtection, "iamDatabaseAuthenticationEnabled": i.IAMDatabaseAuthenticationEnabled, "multiAz": i.MultiAZ,
	})
	d.asked("backupRetentionPeriod", i.BackupRetentionPeriod, call)
	d.integers(map[string]*int32{
		"allocatedStorage": i.AllocatedStorage, "iops": i.Iops, "maxAllocatedStorage": i.MaxAllocatedStorage, "storageThroughput": i.StorageThroughput,
	})
	d.set("customerOwnedIpEnabled", aws.ToBool(i.CustomerOwnedIpEnabled))
	d.set("dedicatedLogVolume", aws.ToBool(i.DedicatedLogVolume))
	d.set("enabledCloudwatchLogsExports", sortedStrings(i.EnabledCloudwatchLogsExports))
	d.set("vpcSecurityGroupIds", dbSecurityGroups(i.VpcSecurityGroups))
	d.set("parameterGroupName", dbParameterGroup(i))
	if len(i.OptionGroupMemberships) > 0 {
		d.set("optionGroupName", aws.ToString(i.OptionGroupMemberships[0].OptionGroupName))
	}
	if len(i.DomainMemberships) > 0 {
		m := i.DomainMemberships[0]
		d.texts(map[string]*string{
			"domain": m.Domain, "domainAuthSecretArn": m.AuthSecretArn, "domainFqdn": m.FQDN, "domainIamRoleName": m.IAMRoleName, "domainOu": m.OU,
		})
		d.set("domainDnsIps", sortedStrings(m.DnsIps))
	}
	masterUserSecret(d, i.MasterUserSecret, "password")
}

func projectDBCluster(region string, c types.DBCluster) discovery.Observation {
	d, call := newDocument(), listDBClusters.action
	d.set("region", region)
	d.texts(map[string]*string{
		"arn": c.DBClusterArn, "clusterIdentifier": c.DBClusterIdentifier, "databaseName": c.DatabaseName, "dbClusterInstanceClass": c.DBClusterInstanceClass,
		"dbClusterParameterGroupName": c.DBClusterParameterGroup, "dbSubnetGroupName": c.DBSubnetGroup, "dbSystemId": c.DBSystemId, "engine": c.Engine,
		"engineLifecycleSupport": c.EngineLifecycleSupport, "engineMode": c.EngineMode, "engineVersion": c.EngineVersion,
		"globalClusterIdentifier": c.GlobalClusterIdentifier, "kmsKeyId": c.KmsKeyId, "masterUsername": c.MasterUsername,
		"monitoringRoleArn": c.MonitoringRoleArn, "networkType": c.NetworkType, "performanceInsightsKmsKeyId": c.PerformanceInsightsKMSKeyId,
		"preferredBackupWindow": c.PreferredBackupWindow, "preferredMaintenanceWindow": c.PreferredMaintenanceWindow,
		"replicationSourceIdentifier": c.ReplicationSourceIdentifier, "storageType": c.StorageType,
	})
	d.set("clusterScalabilityType", string(c.ClusterScalabilityType))
	d.set("databaseInsightsMode", string(c.DatabaseInsightsMode))
	d.flags(call, map[string]*bool{
		"copyTagsToSnapshot": c.CopyTagsToSnapshot, "deletionProtection": c.DeletionProtection,
		"iamDatabaseAuthenticationEnabled": c.IAMDatabaseAuthenticationEnabled, "storageEncrypted": c.StorageEncrypted,
	})
	// Settings that only some kinds of clusters have.
	for name, v := range map[string]*bool{
		"autoMinorVersionUpgrade": c.AutoMinorVersionUpgrade, "enableHttpEndpoint": c.HttpEndpointEnabled,
		"enableGlobalWriteForwarding": c.GlobalWriteForwardingRequested, "performanceInsightsEnabled": c.PerformanceInsightsEnabled,
	} {
		if v != nil {
			d.set(name, *v)
		}
	}
	if s := c.LocalWriteForwardingStatus; s != "" {
		d.set("enableLocalWriteForwarding", s == types.LocalWriteForwardingStatusEnabled || s == types.LocalWriteForwardingStatusEnabling)
	}
	if c.CertificateDetails != nil {
		d.set("caCertificateIdentifier", aws.ToString(c.CertificateDetails.CAIdentifier))
	}
	d.asked("backupRetentionPeriod", c.BackupRetentionPeriod, call)
	d.integers(map[string]*int32{
		"allocatedStorage": c.AllocatedStorage, "iops": c.Iops, "monitoringInterval": c.MonitoringInterval,
		"performanceInsightsRetentionPeriod": c.PerformanceInsightsRetentionPeriod, "port": c.Port,
	})
	d.set("backtrackWindow", optional(c.BacktrackWindow))
	d.set("availabilityZones", sortedStrings(c.AvailabilityZones))
	d.set("enabledCloudwatchLogsExports", sortedStrings(c.EnabledCloudwatchLogsExports))
	d.set("vpcSecurityGroupIds", dbSecurityGroups(c.VpcSecurityGroups))
	clusterScaling(d, c)
	clusterRoles(d, c)
	masterUserSecret(d, c.MasterUserSecret, "masterPassword")
	d.set("tags", rdsTags(c.TagList))
	sortUnknown(d)
	return d.observe(region, typeDBCluster, aws.ToString(c.DBClusterIdentifier), aws.ToString(c.DBClusterIdentifier), rdsProjection)
}

func clusterScaling(d *document, c types.DBCluster) {
	if v := c.ServerlessV2ScalingConfiguration; v != nil {
		scaling := newDocument()
		if v.MinCapacity != nil && v.MaxCapacity != nil {
			scaling.set("minCapacity", *v.MinCapacity)
			scaling.set("maxCapacity", *v.MaxCapacity)
		}
		scaling.integers(map[string]*int32{"secondsUntilAutoPause": v.SecondsUntilAutoPause})
		d.set("serverlessv2ScalingConfiguration", scaling.properties)
	}
	if v := c.ScalingConfigurationInfo; v != nil {
		scaling := newDocument()
		if v.AutoPause != nil {
			scaling.set("autoPause", *v.AutoPause)
		}
		scaling.integers(map[string]*int32{
			"minCapacity": v.MinCapacity, "maxCapacity": v.MaxCapacity, "secondsBeforeTimeout": v.SecondsBeforeTimeout, "secondsUntilAutoPause": v.SecondsUntilAutoPause,
		})
		scaling.set("timeoutAction", aws.ToString(v.TimeoutAction))
		d.set("scalingConfiguration", scaling.properties)
	}
}

func clusterRoles(d *document, c types.DBCluster) {
	roles := make([]string, len(c.AssociatedRoles))
	for i, r := range c.AssociatedRoles {
		roles[i] = aws.ToString(r.RoleArn)
	}
	d.set("iamRoles", sortedStrings(roles))
	if len(c.DomainMemberships) > 0 {
		d.set("domain", aws.ToString(c.DomainMemberships[0].Domain))
		d.set("domainIamRoleName", aws.ToString(c.DomainMemberships[0].IAMRoleName))
	}
}

func projectDBSubnetGroup(region string, g types.DBSubnetGroup, tagsF facet, tags map[string]any) discovery.Observation {
	d, name := newDocument(), aws.ToString(g.DBSubnetGroupName)
	d.set("region", region)
	d.texts(map[string]*string{"arn": g.DBSubnetGroupArn, "name": g.DBSubnetGroupName, "description": g.DBSubnetGroupDescription, "vpcId": g.VpcId})
	subnets := make([]string, len(g.Subnets))
	for i, n := range g.Subnets {
		subnets[i] = aws.ToString(n.SubnetIdentifier)
	}
	d.set("subnetIds", sortedStrings(subnets))
	d.set("supportedNetworkTypes", sortedStrings(g.SupportedNetworkTypes))
	d.facet("tags", tagsF, func() any { return tags })
	return d.observe(region, typeDBSubnetGroup, name, name, rdsProjection)
}

func projectDBSnapshot(region string, v types.DBSnapshot, shares sharing) []discovery.Observation {
	d, id := newDocument(), aws.ToString(v.DBSnapshotIdentifier)
	d.set("region", region)
	d.texts(map[string]*string{
		"dbSnapshotArn": v.DBSnapshotArn, "dbSnapshotIdentifier": v.DBSnapshotIdentifier, "dbInstanceIdentifier": v.DBInstanceIdentifier,
		"availabilityZone": v.AvailabilityZone, "engine": v.Engine, "engineVersion": v.EngineVersion, "kmsKeyId": v.KmsKeyId,
		"licenseModel": v.LicenseModel, "optionGroupName": v.OptionGroupName, "snapshotType": v.SnapshotType,
		"sourceDbSnapshotIdentifier": v.SourceDBSnapshotIdentifier, "sourceRegion": v.SourceRegion, "storageType": v.StorageType, "vpcId": v.VpcId,
	})
	d.flag("encrypted", v.Encrypted, listDBSnapshots.action)
	d.integers(map[string]*int32{"allocatedStorage": v.AllocatedStorage, "iops": v.Iops, "port": v.Port})
	d.set("tags", rdsTags(v.TagList))
	return shares.project(d, region, typeDBSnapshot, typeDBSnapshotExposure, id)
}

func projectDBClusterSnapshot(region string, v types.DBClusterSnapshot, shares sharing) []discovery.Observation {
	d, id := newDocument(), aws.ToString(v.DBClusterSnapshotIdentifier)
	d.set("region", region)
	d.texts(map[string]*string{
		"dbClusterSnapshotArn": v.DBClusterSnapshotArn, "dbClusterSnapshotIdentifier": v.DBClusterSnapshotIdentifier,
		"dbClusterIdentifier": v.DBClusterIdentifier, "engine": v.Engine, "engineVersion": v.EngineVersion, "kmsKeyId": v.KmsKeyId,
		"licenseModel": v.LicenseModel, "snapshotType": v.SnapshotType, "sourceDbClusterSnapshotArn": v.SourceDBClusterSnapshotArn, "vpcId": v.VpcId,
	})
	d.flag("storageEncrypted", v.StorageEncrypted, listDBClusterSnapshots.action)
	d.integers(map[string]*int32{"allocatedStorage": v.AllocatedStorage, "port": v.Port})
	d.set("availabilityZones", sortedStrings(v.AvailabilityZones))
	d.set("tags", rdsTags(v.TagList))
	return shares.project(d, region, typeDBClusterSnapshot, typeDBClusterSnapshotExposure, id)
}

// project adds to a snapshot's document with whom it is shared. What cannot be
// shared has no exposure.
func (shares sharing) project(d *document, region, token, exposure, id string) []discovery.Observation {
	d.facet("sharedAccounts", shares.facet, func() any { return sortedStrings(shares.with) })
	list := []discovery.Observation{d.observe(region, token, id, id, rdsProjection)}
	if shares.state == schemas.FacetAbsent {
		return list
	}
	e := newDocument()
	e.set("snapshotId", id)
	e.facet("public", shares.facet, func() any { return slices.Contains(shares.with, "all") })
	return append(list, e.observe(region, exposure, id, id, rdsProjection))
}
