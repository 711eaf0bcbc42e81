package aws

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// deploymentConfiguration is how a service is deployed, without what properties of
// their own tell of it.
func deploymentConfiguration(c types.DeploymentConfiguration) map[string]any {
	d := newDocument()
	d.set("strategy", string(c.Strategy))
	d.set("bakeTimeInMinutes", minutes(c.BakeTimeInMinutes))
	d.set("canaryConfiguration", wireObject(c.CanaryConfiguration))
	d.set("linearConfiguration", wireObject(c.LinearConfiguration))
	hooks := make([]any, len(c.LifecycleHooks))
	for i, h := range c.LifecycleHooks {
		hooks[i] = deploymentHook(h)
	}
	sortByJSON(hooks)
	d.set("lifecycleHooks", hooks)
	return d.properties
}

// minutes are a text in the classic types, so that none differ from zero.
func minutes(n *int32) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(int(*n))
}

func deploymentHook(h types.DeploymentLifecycleHook) map[string]any {
	details := h.HookDetails
	h.HookDetails = nil
	m := wireObject(&h)
	if details != nil {
		if text, err := details.MarshalSmithyDocument(); err == nil {
			m["hookDetails"] = string(text)
		}
	}
	if t := h.TimeoutConfiguration; t != nil {
		timeout := newDocument()
		timeout.set("action", string(t.Action))
		timeout.set("timeoutInMinutes", minutes(t.TimeoutInMinutes))
		m["timeoutConfiguration"] = timeout.properties
	}
	return m
}

// serviceConnect is the configuration with the names of the classic type.
func serviceConnect(c *types.ServiceConnectConfiguration) map[string]any {
	m := wireObject(c)
	delete(m, "containerConfigurations") // the classic type does not have it
	services, _ := m["services"].([]any)
	for _, s := range services {
		s := s.(map[string]any)
		if tls, ok := s["tls"].(map[string]any); ok {
			rename(tls, "issuerCertificateAuthority", "issuerCertAuthority")
		}
		rename(s, "clientAliases", "clientAlias")
		aliases, _ := s["clientAlias"].([]any)
		for _, a := range aliases {
			if a := a.(map[string]any); a["testTrafficRules"] != nil { // one here, a list there
				a["testTrafficRules"] = []any{a["testTrafficRules"]}
			}
		}
	}
	sortByJSON(services)
	return m
}

// latticeConfigurations are without what the classic type does not have.
func latticeConfigurations(list []types.VpcLatticeConfiguration) []any {
	out := wireList(list)
	for _, c := range out {
		delete(c.(map[string]any), "advancedConfiguration")
	}
	sortByJSON(out)
	return out
}
