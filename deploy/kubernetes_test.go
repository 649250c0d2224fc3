package deploy_test

import (
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// manifests is what kustomize makes of the folder.
type manifests struct {
	namespace corev1.Namespace
	config    corev1.ConfigMap
	secret    corev1.Secret
	service   corev1.Service
	set       appsv1.StatefulSet
	budget    policyv1.PodDisruptionBudget
	monitor   monitoringv1.ServiceMonitor
}

// readManifests decodes strictly: a key that the schema does not have is an error.
func readManifests(t *testing.T) manifests {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	var m manifests
	types := map[string]any{"Namespace": &m.namespace, "ConfigMap": &m.config, "Secret": &m.secret, "Service": &m.service,
		"StatefulSet": &m.set, "PodDisruptionBudget": &m.budget, "ServiceMonitor": &m.monitor}
	for _, r := range built.Resources() {
		into, known := types[r.GetKind()]
		if !known {
			t.Errorf("there is a second, or unknown, %s", r.GetKind())
			continue
		}
		delete(types, r.GetKind())
		if err := yaml.UnmarshalStrict([]byte(r.MustYaml()), into); err != nil {
			t.Errorf("%s: %v", r.GetKind(), err)
		}
		if r.GetKind() == "ServiceMonitor" {
			continue // of the Prometheus operator: its type says it all
		}
		if faults, err := schemaFaults(r.MustYaml()); err != nil || len(faults) > 0 {
			t.Errorf("%s: %v %q", r.GetKind(), err, faults)
		}
	}
	for kind := range types {
		t.Errorf("there is no %s", kind)
	}
	checkNamespaces(t, built)
	return m
}

func checkNamespaces(t *testing.T, built resmap.ResMap) {
	t.Helper()
	for _, r := range built.Resources() {
		if r.GetKind() != "Namespace" && r.GetNamespace() != "mirror" {
			t.Errorf("%s is in namespace %q", r.GetKind(), r.GetNamespace())
		}
	}
}

// Whatever selects pods selects those of the StatefulSet.
func TestManifestsBelongTogether(t *testing.T) {
	m := readManifests(t)
	pod := m.set.Spec.Template
	for what, selector := range map[string]map[string]string{
		"StatefulSet":         m.set.Spec.Selector.MatchLabels,
		"Service":             m.service.Spec.Selector,
		"PodDisruptionBudget": m.budget.Spec.Selector.MatchLabels,
		"spread":              pod.Spec.TopologySpreadConstraints[0].LabelSelector.MatchLabels,
	} {
		for name, value := range selector {
			if pod.Labels[name] != value {
				t.Errorf("%s wants %s=%s, the pods have %v", what, name, value, pod.Labels)
			}
		}
		if len(selector) == 0 {
			t.Errorf("%s selects nothing by name", what)
		}
	}
	for name, value := range m.monitor.Spec.Selector.MatchLabels {
		if m.service.Labels[name] != value {
			t.Errorf("the ServiceMonitor wants %s=%s, the Service has %v", name, value, m.service.Labels)
		}
	}
	if got := m.set.Spec.ServiceName; got != m.service.Name || m.service.Spec.ClusterIP != corev1.ClusterIPNone {
		t.Errorf("the StatefulSet's names come from the headless Service %q, which is %q", got, m.service.Name)
	}
	if *m.set.Spec.Replicas < 2 || m.budget.Spec.MaxUnavailable.IntValue() != 1 {
		t.Errorf("%d replicas with %v unavailable are no fleet", *m.set.Spec.Replicas, m.budget.Spec.MaxUnavailable)
	}
	credentials := m.monitor.Spec.Endpoints[0].Authorization.Credentials
	if _, there := m.secret.StringData[credentials.Key]; !there || credentials.Name != m.secret.Name {
		t.Errorf("the ServiceMonitor's token is %v, which the Secret %q does not have", credentials, m.secret.Name)
	}
	if endpoint := m.monitor.Spec.Endpoints[0]; endpoint.Port != m.service.Spec.Ports[0].Name || endpoint.Path != "/metrics" {
		t.Errorf("the ServiceMonitor asks %+v", endpoint)
	}
}

// The pods pass the "restricted" standard of pod security that their namespace
// enforces, and change nothing of their image.
func TestPodsAreRestricted(t *testing.T) {
	m := readManifests(t)
	pod := m.set.Spec.Template.Spec
	if pod.SecurityContext.RunAsNonRoot == nil || !*pod.SecurityContext.RunAsNonRoot || *pod.SecurityContext.RunAsUser != 65532 {
		t.Error("the pods do not run as the user of the image")
	}
	if pod.SecurityContext.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Error("the pods have no seccomp profile")
	}
	if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
		t.Error("the pods get a token of Kubernetes, which they do not need")
	}
	c := pod.Containers[0]
	if s := c.SecurityContext; !*s.ReadOnlyRootFilesystem || *s.AllowPrivilegeEscalation || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) {
		t.Errorf("the container may more than it needs: %+v", s)
	}
	if c.LivenessProbe.HTTPGet.Path != "/healthz" || c.ReadinessProbe.HTTPGet.Path != "/readyz" {
		t.Error("the probes ask elsewhere")
	}
	if c.Resources.Limits.Memory().Value() < 2*256<<20 || !c.Resources.Limits.Cpu().IsZero() {
		t.Errorf("limits: %v", c.Resources.Limits)
	}
	if grace := *pod.TerminationGracePeriodSeconds; grace < 25 {
		t.Errorf("%d s are too short for a drain", grace)
	}
	volumes := map[string]bool{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = true
		if v.ConfigMap != nil && v.ConfigMap.Name != m.config.Name {
			t.Errorf("the pods take ConfigMap %q, there is %q", v.ConfigMap.Name, m.config.Name)
		}
		if v.Secret != nil && v.Secret.SecretName != m.secret.Name {
			t.Errorf("the pods take Secret %q, there is %q", v.Secret.SecretName, m.secret.Name)
		}
	}
	for _, mount := range c.VolumeMounts {
		if !volumes[mount.Name] {
			t.Errorf("there is no volume %s", mount.Name)
		}
	}
}

// The configuration is one that mirror takes, its files are where the pods have
// them, and none of the secrets has a value that somebody may leave as it is.
func TestFleetConfiguration(t *testing.T) {
	m := readManifests(t)
	text := m.config.Data["mirror.yaml"]
	for key, value := range m.secret.StringData {
		if value != "" {
			t.Errorf("the secret %s has a value", key)
		}
		if !strings.Contains(text, "/run/secrets/mirror/"+key) {
			t.Errorf("the configuration does not use the secret %s", key)
		}
	}
	checkConfiguration(t, text)
}
