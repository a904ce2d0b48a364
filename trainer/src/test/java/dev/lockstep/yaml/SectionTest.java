package dev.lockstep.yaml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import java.util.Locale;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SectionTest {
  private static final List<String> MODES = List.of("gradients", "parameters");

  @Test
  void readsEveryKindOfValue() {
    Section section =
        Section.parse(
            "train.yaml",
            """
            name: first run
            batchSize: 128
            learningRate: 1e-3
            shuffle: true
            mode: parameters
            layers: [dense, {dropout: 0.3}]
            validation:
              examples: 10
            """);

    assertThat(section.text("name")).isEqualTo("first run");
    assertThat(section.whole("batchSize", 1)).isEqualTo(128);
    assertThat(section.number("learningRate", 0, "a number > 0", x -> x > 0)).isEqualTo(0.001);
    assertThat(section.flag("shuffle", false)).isTrue();
    assertThat(section.choice("mode", "gradients", MODES, m -> m)).isEqualTo("parameters");
    assertThat(section.list("layers")).hasSize(2);
    assertThat(section.section("validation").whole("examples", 0, 0)).isEqualTo(10);
    section.done();
  }

  @ParameterizedTest
  @CsvSource({"''", "# nothing", "batchSize:", "batchSize: null", "batchSize: ~"})
  void missingAndNullValuesGiveTheDefault(String text) {
    Section section = Section.parse("train.yaml", text);

    assertThat(section.has("batchSize")).isFalse();
    assertThat(section.whole("batchSize", 128, 1)).isEqualTo(128);
    assertThat(section.text("batchSize", "x")).isEqualTo("x");
    assertThat(section.number("batchSize", 0.5, "", x -> false)).isEqualTo(0.5);
    assertThat(section.flag("batchSize", true)).isTrue();
    assertThat(section.list("batchSize")).isEmpty();
    assertThat(section.section("batchSize").has("x")).isFalse();
    assertThat(section.choice("batchSize", "gradients", MODES, m -> m)).isEqualTo("gradients");
  }

  @Test
  void unknownKeyIsRefusedWithTheNearestKnownOne() {
    Section section = Section.parse("train.yaml", "batch_size: 3");
    section.whole("batchSize", 128, 1);
    section.whole("epochs", 5, 1);

    assertError(
        section::done,
        "train.yaml: unknown key 'batch_size'; did you mean 'batchSize'?; known here: batchSize,"
            + " epochs");
  }

  @Test
  void unknownKeyUnlikeAnyOtherIsRefusedWithoutASuggestion() {
    Section section = Section.parse("train.yaml", "optimizer: {wings: 2}").section("optimizer");
    section.number("rho", 0.9, "", x -> true);

    assertError(section::done, "train.yaml: optimizer: unknown key 'wings'; known here: rho");
  }

  @ParameterizedTest
  @CsvSource({
    "0, '0'",
    "-1, '-1'",
    "1.5, '1.5'",
    "1.0, '1.0'",
    "many, 'many'",
    "true, 'true'",
    "\"5\", '5'"
  })
  void wholeNumberMustBeOne(String value, String shown) {
    assertError(
        () -> Section.parse("f", "epochs: " + value).whole("epochs", 5, 1),
        "f: epochs is '%s' but must be a whole number of at least 1".formatted(shown));
  }

  @Test
  void wholeNumberTooLargeSaysTheLargest() {
    assertError(
        () -> Section.parse("f", "epochs: 3000000000").whole("epochs", 5, 1),
        "f: epochs is '3000000000' but must be a whole number from 1 to 2147483647");
    assertError(
        () ->
            Section.parse("f", "seed: 99999999999999999999").whole("seed", 5L, 1L, Long.MAX_VALUE),
        "f: seed is '99999999999999999999' but must be a whole number from 1 to"
            + " 9223372036854775807");
    assertError(
        () -> Section.parse("f", "port: 70000").whole("port", 0L, 1L, 65535L),
        "f: port is '70000' but must be a whole number from 1 to 65535");
  }

  @Test
  void containersAreNotScalars() {
    Section section = Section.parse("f", "a: [1]\nb: {c: 1}");

    assertError(
        () -> section.whole("a", 1, 1), "f: a is a list but must be a whole number of at least 1");
    assertError(() -> section.text("b"), "f: b is a mapping but must be a text");
    assertError(() -> section.flag("a", true), "f: a is a list but must be true or false");
    assertError(
        () -> section.number("b", 1, "a number > 0", x -> true),
        "f: b is a mapping but must be a number > 0");
    assertError(
        () -> section.choice("a", "gradients", MODES, m -> m),
        "f: a is a list but must be one of gradients, parameters");
    assertError(() -> section.section("a"), "f: a is a list but must be a mapping");
    assertError(() -> section.list("b"), "f: b is a mapping but must be a list");
  }

  @Test
  void numberMustKeepItsRule() {
    assertError(
        () ->
            Section.parse("f", "rate: 1.5").number("rate", 0, "a number from 0 to 1", x -> x <= 1),
        "f: rate is '1.5' but must be a number from 0 to 1");
    assertError(
        () -> Section.parse("f", "rate: half").number("rate", 0, "a number", x -> true),
        "f: rate is 'half' but must be a number");
    assertError(
        () -> Section.parse("f", "rate: 1e999").number("rate", 0, "a number", x -> true),
        "f: rate is 'Infinity' but must be a number");
  }

  @Test
  void flagMustBeTrueOrFalse() {
    assertError(
        () -> Section.parse("f", "shuffle: maybe").flag("shuffle", true),
        "f: shuffle is 'maybe' but must be true or false");
  }

  @Test
  void choiceMustBeOneOfItsNames() {
    assertError(
        () -> Section.parse("f", "mode: Gradient").choice("mode", "gradients", MODES, m -> m),
        "f: mode is 'Gradient' but must be one of gradients, parameters; did you mean 'gradients'?");
    assertError(
        () -> Section.parse("f", "mode: 7").choice("mode", "gradients", MODES, m -> m),
        "f: mode is '7' but must be one of gradients, parameters");
  }

  @Test
  void missingValueThatMustBeThere() {
    Section section = Section.parse("f", "a: {}").section("a");

    assertError(() -> section.text("name"), "f: a: 'name' is missing; it must be a text");
    assertError(
        () -> section.whole("units", 1),
        "f: a: 'units' is missing; it must be a whole number of at least 1");
  }

  @Test
  void errorsNameThePathOfKeys() {
    Section inner = Section.parse("f", "a: {b: {c: x}}").section("a").section("b");

    assertThat(inner.where()).isEqualTo("f: a.b");
    assertError(
        () -> inner.whole("c", 1, 1), "f: a.b.c is 'x' but must be a whole number of at least 1");
  }

  @Test
  void elementOfAListIsNamedByItsPlace() {
    Section file = Section.parse("f", "layers: [{units: 0}]");

    Section layer = file.at("layers[1]", file.list("layers").get(0));

    assertError(
        () -> layer.whole("units", 1),
        "f: layers[1].units is '0' but must be a whole number of at least 1");
  }

  @Test
  void textMustBeAMapping() {
    assertError(
        () -> Section.parse("f", "[1, 2]"),
        "f: expected a mapping of keys to values, found a list");
    assertError(
        () -> Section.parse("f", "hello"),
        "f: expected a mapping of keys to values, found 'hello'");
  }

  @Test
  void repeatedKeyIsRefused() {
    assertError(
        () -> Section.parse("f", "a: 1\na: 2"),
        "f: not valid YAML at line 2, column 2: Duplicate field 'a'");
  }

  @Test
  void secondDocumentIsRefused() {
    assertError(
        () -> Section.parse("f", "a: 1\n---\nb: 2"),
        "f: expected one YAML document, found another after it (after '---')");
  }

  @Test
  void aliasIsRefused() {
    assertError(
        () -> Section.parse("f", "a: &x 1\nb: *x"),
        "f: line 2 has the alias '*x' but aliases are not read; write the value itself");
  }

  @Test
  void brokenYamlIsNamedWithItsLine() {
    assertError(
        () -> Section.parse("f", "a: 1\nb: [1"),
        "f: not valid YAML at line 2, column 6: while parsing a flow sequence: expected ',' or ']',"
            + " but got <stream end>");
    assertError(
        () -> Section.parse("f", "a: .inf"),
        "f: not valid YAML at line 1, column 8: Malformed numeric value '.inf'");
  }

  @Test
  void deepAndLongTextsAreErrorsAndNotCrashes() {
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> Section.parse("f", "a: " + "[".repeat(3000)))
        .withMessageStartingWith("f: not valid YAML at line 1");
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> Section.parse("f", "a:\n" + "- x\n".repeat(1_000_000)))
        .withMessageContaining("exceeds the limit");
  }

  @Test
  void writtenTreeReadsBackTheSame() {
    var tree = Section.tree("f", "a: 1\nb: {c: [x, 0.5, true]}");

    assertThat(Section.tree("f", Section.write(tree))).isEqualTo(tree);
  }

  @ParameterizedTest
  @CsvSource({
    "learning_rate, learningRate",
    "epoch, epochs",
    "LeakyReLU, leaky_relu",
    "optimiser, optimizer",
    "lr, learningRate",
    "learn, learningRate",
    "val_loss, validation.loss",
    "val_acc, validation.accuracy"
  })
  void nearNamesAreSuggested(String found, String meant) {
    List<String> known =
        List.of(
            "learningRate",
            "epochs",
            "leaky_relu",
            "optimizer",
            "validation.loss",
            "validation.accuracy");

    assertThat(Section.suggestion(found, known)).isEqualTo("; did you mean '%s'?".formatted(meant));
  }

  @Test
  void farNamesAreNotSuggested() {
    assertThat(Section.suggestion("zzz", List.of("learningRate", "epochs"))).isEmpty();
  }

  @Test
  void aKeyThatBelongsElsewhereIsSentThere() {
    Section root = Section.parse("f", "training: {optimizer: {}}\nlearning_rate: 0.1");
    root.section("training").section("optimizer").value("learningRate");

    assertError(
        root::done,
        "f: unknown key 'learning_rate'; did you mean 'training.optimizer.learningRate'?; known here: training");
  }

  @Test
  void whatMayHaveBeenMeantByAMissingKeyIsNamed() {
    assertError(
        () -> Section.parse("f", "unit: 10\nname: a").whole("units", 1),
        "f: 'units' is missing; it must be a whole number of at least 1; found 'unit'; did you mean 'units'?");
    assertError(
        () -> Section.parse("f", "size: 10").whole("units", 1),
        "f: 'units' is missing; it must be a whole number of at least 1");
    assertError(
        () -> Section.parse("f", "units: null").whole("units", 1),
        "f: 'units' is missing; it must be a whole number of at least 1");
  }

  @Test
  void choicesAreNamedAsTheCallerSays() {
    assertThat(
            Section.parse("f", "unit: days")
                .choice(
                    "unit",
                    null,
                    List.of(java.util.concurrent.TimeUnit.values()),
                    unit -> unit.name().toLowerCase(Locale.ROOT)))
        .isEqualTo(java.util.concurrent.TimeUnit.DAYS);
  }

  private static void assertError(ThrowingCallable code, String message) {
    assertThatExceptionOfType(ConfigurationException.class).isThrownBy(code).withMessage(message);
  }
}
