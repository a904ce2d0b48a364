package dev.lockstep.spark.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What {@code deploy/kubernetes} asks of a cluster, as Kubernetes' own model reads it. */
class KubernetesManifestsTest {
  private static final Path KUBERNETES = Path.of("../deploy/kubernetes");
  private static final Map<String, Class<? extends HasMetadata>> KINDS =
      Map.of(
          "Namespace", Namespace.class,
          "ServiceAccount", ServiceAccount.class,
          "Role", Role.class,
          "RoleBinding", RoleBinding.class);

  /** By kind; a field that the model does not know is an error. */
  private static Map<String, HasMetadata> manifests() throws IOException {
    ObjectMapper strict = Manifests.strict();
    Map<String, HasMetadata> found = new LinkedHashMap<>();
    List<JsonNode> documents =
        strict
            .readerFor(JsonNode.class)
            .<JsonNode>readValues(KUBERNETES.resolve("service-account.yaml").toFile())
            .readAll();
    for (JsonNode document : documents) {
      String kind = document.path("kind").asText();
      HasMetadata manifest = strict.treeToValue(document, KINDS.get(kind));
      // What the model sets by itself is what was written, too.
      assertThat(strict.<JsonNode>valueToTree(manifest)).isEqualTo(document);
      assertThat(found.put(kind, manifest)).isNull();
    }
    return found;
  }

  @Test
  void theDriversAccountIsBoundToTheRoleInItsNamespace() throws IOException {
    Map<String, HasMetadata> manifests = manifests();

    assertThat(manifests).containsOnlyKeys(KINDS.keySet());
    String namespace = manifests.get("Namespace").getMetadata().getName();
    HasMetadata account = manifests.get("ServiceAccount");
    HasMetadata role = manifests.get("Role");
    RoleBinding binding = (RoleBinding) manifests.get("RoleBinding");
    assertThat(List.of(account, role, binding))
        .allSatisfy(each -> assertThat(each.getMetadata().getNamespace()).isEqualTo(namespace));
    assertThat(binding.getRoleRef().getName()).isEqualTo(role.getMetadata().getName());
    assertThat(binding.getSubjects())
        .singleElement()
        .satisfies(
            subject -> {
              assertThat(subject.getKind()).isEqualTo("ServiceAccount");
              assertThat(subject.getName()).isEqualTo(account.getMetadata().getName());
              assertThat(subject.getNamespace()).isEqualTo(namespace);
            });
    assertThat(Files.readString(KUBERNETES.resolve("submit")))
        .contains("serviceAccountName=" + account.getMetadata().getName())
        .contains("LOCKSTEP_NAMESPACE:-" + namespace);
  }

  @Test
  void theDriverMayLookAfterPodsAndReadNoSecrets() throws IOException {
    List<PolicyRule> rules = ((Role) manifests().get("Role")).getRules();

    assertThat(rules)
        .anySatisfy(
            rule -> {
              assertThat(rule.getResources()).contains("pods", "services", "configmaps");
              assertThat(rule.getVerbs())
                  .contains("create", "get", "list", "watch", "delete", "deletecollection");
            })
        .allSatisfy(rule -> assertThat(rule.getResources()).doesNotContain("secrets", "*"))
        .allSatisfy(rule -> assertThat(rule.getVerbs()).doesNotContain("*"));
  }

  @Test
  void theImageHasWhatTheScriptNames() throws IOException {
    String image = Files.readString(KUBERNETES.resolve("Dockerfile"));

    assertThat(image)
        .contains("FROM apache/spark:" + org.apache.spark.package$.MODULE$.SPARK_VERSION());
    assertThat(Files.readString(KUBERNETES.resolve("submit")))
        .contains("jar=local:///opt/lockstep/lockstep-cluster.jar");
    assertThat(image)
        .contains("cluster.jar /opt/lockstep/lockstep-cluster.jar")
        .contains("COPY conf /opt/lockstep/conf")
        .contains("USER spark");
  }
}
