package dev.lockstep.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OverridesTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{training: {epochs: 5, batchSize: 8}} | training.epochs=1 | {training: {epochs: 1,"
            + " batchSize: 8}}",
        "{} | training.epochs=1 | {training: {epochs: 1}}",
        "{seed: 1} | seed=2 | {seed: 2}",
        "{dataset: mnist} | dataset.idx=data | {dataset: {idx: data}}",
        "{dataset: {idx: data}} | dataset=mnist | {dataset: mnist}",
        "{training: } | training.epochs=1 | {training: {epochs: 1}}",
        "{} | optimizer={name: sgd, learningRate: 0.1} | {optimizer: {name: sgd, learningRate:"
            + " 0.1}}",
        "{} | list=[1, 2] | {list: [1, 2]}",
        "{} | text=a=b | {text: a=b}",
        "{} | text='5' | {text: '5'}",
        "{a: {b: 1, c: 2}} | a.b=null | {a: {c: 2}}"
      },
      quoteCharacter = '"')
  void aSettingGoesOverTheFile(String file, String override, String expected) {
    assertThat(applied(file, override)).isEqualTo(Section.tree("expected", expected));
  }

  @Test
  void theLastOfTwoSettingsCounts() {
    assertThat(applied("{}", "a.b=1", "a={c: 2}", "a.b=3"))
        .isEqualTo(Section.tree("expected", "{a: {c: 2, b: 3}}"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "epochs | --set is 'epochs' but must be key=value, such as training.epochs=1; it has no"
            + " '='",
        "=1 | --set is '=1' but must be key=value, such as training.epochs=1; a key of it is empty",
        "seed= | such as training.epochs=1; nothing follows its '='; null removes a key",
        "training..epochs=1 | a key of it is empty",
        "training.=1 | a key of it is empty",
        "list.0=1 | --set is 'list.0=1' but list is a list; set the whole list: list=[...]",
        "deep.list.x=1 | --set is 'deep.list.x=1' but deep.list is a list; set the whole list:"
            + " deep.list=[...]",
        "seed={ | --set seed={: not valid YAML at line 1"
      })
  void aSettingThatCannotBeUsedIsRefused(String override, String message) {
    assertThatThrownBy(() -> applied("{list: [1], deep: {list: []}}", override))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining(message);
  }

  @Test
  void aSettingHoldsOneValueOnly() {
    assertThatThrownBy(() -> applied("{}", "seed=1\nepochs: 2"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("its value must be one line");
  }

  @Test
  void anErrorNamesTheSettingsThatWentOverTheFile() {
    assertThatThrownBy(
            () ->
                Configuration.read(
                    "conf/x.yaml", "network: lenet", List.of("seed=3", "training.epoch=1")))
        .hasMessageContaining(
            "conf/x.yaml with --set seed=3, training.epoch=1: training: unknown key 'epoch'; did"
                + " you mean 'epochs'?");
  }

  @Test
  void aConfigurationIsReadWithItsSettings() {
    Configuration configuration =
        Configuration.read(
            "conf/x.yaml",
            "{network: lenet, training: {epochs: 5}}",
            List.of("training.epochs=1", "network=mlp-512", "seed=9"));

    assertThat(configuration.plan().epochs()).isEqualTo(1);
    assertThat(configuration.network().name()).isEqualTo("mlp-512");
    assertThat(configuration.seed()).isEqualTo(9);
  }

  private static ObjectNode applied(String file, String... overrides) {
    ObjectNode tree = Section.tree("file", file);
    Overrides.apply(List.of(overrides), tree);
    return tree;
  }
}
