package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

const describeInstanceAttribute = "ec2:DescribeInstanceAttribute"

// What of an instance is read on demand. An attribute takes a call of its own;
// volumes are asked for by their ids, as many as a filter may name.
var (
	instanceStops   = eachCall(describeInstanceAttribute, "protection from stopping")
	instanceEnds    = eachCall(describeInstanceAttribute, "protection from termination")
	instanceVolumes = call{"ec2:DescribeVolumes", "encryption of its volumes", filterValues}
)

// filterValues is how many values a filter of EC2 may have.
const filterValues = 200

// instanceMore is what is read of an instance when packs need it.
type instanceMore struct {
	stop, end   *types.AttributeBooleanValue
	stopF, endF facet
	// volumes are those that were found, by id.
	volumes  map[string]types.Volume
	volumesF facet
}

func readInstanceAttributes(ctx context.Context, s *session, id *string) (m instanceMore) {
	read := func(name types.InstanceAttributeName, keep func(*ec2.DescribeInstanceAttributeOutput) *types.AttributeBooleanValue) (v *types.AttributeBooleanValue, f facet) {
		f = onDemand(ctx, describeInstanceAttribute, func() facet {
			out, err := s.ec2().DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{InstanceId: id, Attribute: name})
			if err == nil {
				v = keep(out)
			}
			return facetOf(describeInstanceAttribute, err).need(v != nil && v.Value != nil)
		})
		return v, f
	}
	m.stop, m.stopF = read(types.InstanceAttributeNameDisableApiStop, func(o *ec2.DescribeInstanceAttributeOutput) *types.AttributeBooleanValue { return o.DisableApiStop })
	m.end, m.endF = read(types.InstanceAttributeNameDisableApiTermination, func(o *ec2.DescribeInstanceAttributeOutput) *types.AttributeBooleanValue {
		return o.DisableApiTermination
	})
	return m
}

// volumesOf reads the volumes of some instances, of which is told how they are encrypted.
func volumesOf(ctx context.Context, s *session, list []types.Instance) (volumes map[string]types.Volume, f facet) {
	volumes = map[string]types.Volume{}
	f = onDemand(ctx, instanceVolumes.action, func() facet {
		var ids []string
		for _, i := range list {
			for _, m := range i.BlockDeviceMappings {
				if m.Ebs != nil {
					ids = append(ids, aws.ToString(m.Ebs.VolumeId))
				}
			}
		}
		for chunk := range slices.Chunk(ids, filterValues) {
			p := ec2.NewDescribeVolumesPaginator(s.ec2(), &ec2.DescribeVolumesInput{MaxResults: ec2PageSize, Filters: idFilter("volume-id", chunk)})
			err := pages(ctx, p, func(out *ec2.DescribeVolumesOutput) error {
				for _, v := range out.Volumes {
					if v.Encrypted != nil {
						volumes[aws.ToString(v.VolumeId)] = v
					}
				}
				return nil
			})
			if err != nil {
				return facetOf(instanceVolumes.action, err)
			}
		}
		return facetOf(instanceVolumes.action, nil)
	})
	return volumes, f
}

// set puts it into the document of the instance.
func (m *instanceMore) set(d *document, i types.Instance) {
	d.facet("disableApiStop", m.stopF, func() any { return *m.stop.Value })
	d.facet("disableApiTermination", m.endF, func() any { return *m.end.Value })
	m.setDevices(d, i)
}

// setDevices names the volumes of an instance. How they are encrypted is a
// property of the volumes, which are resources of their own.
func (m *instanceMore) setDevices(d *document, i types.Instance) {
	var root, others []map[string]any
	for _, b := range i.BlockDeviceMappings {
		if b.Ebs == nil {
			continue
		}
		device := map[string]any{
			"deviceName": aws.ToString(b.DeviceName), "volumeId": aws.ToString(b.Ebs.VolumeId), "deleteOnTermination": aws.ToBool(b.Ebs.DeleteOnTermination),
		}
		if aws.ToString(b.DeviceName) == aws.ToString(i.RootDeviceName) {
			root = append(root, device)
		} else {
			others = append(others, device)
		}
	}
	m.setEncryption(d, "rootBlockDevice", root)
	m.setEncryption(d, "ebsBlockDevices", others)
	devices := make([]any, len(others))
	for n, o := range others {
		devices[n] = o
	}
	sortByJSON(devices)
	d.set("ebsBlockDevices", devices)
	if len(root) > 0 {
		d.set("rootBlockDevice", root[0])
	}
}

// setEncryption tells of each device whether it is encrypted and by which key, or of
// none.
func (m *instanceMore) setEncryption(d *document, path string, devices []map[string]any) {
	if len(devices) == 0 {
		return
	}
	f := m.volumesF
	for _, device := range devices {
		_, there := m.volumes[device["volumeId"].(string)]
		f = f.need(there)
	}
	if d.unread(f, path+".encrypted", path+".kmsKeyId") {
		return
	}
	for _, device := range devices {
		v := m.volumes[device["volumeId"].(string)]
		device["encrypted"] = *v.Encrypted
		if v.KmsKeyId != nil {
			device["kmsKeyId"] = *v.KmsKeyId
		}
	}
}
