package dev.lockstep.split;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lockstep.data.Examples;
import dev.lockstep.split.HoldOut.Select;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SplitTest {
  private static final Examples TEN =
      SplitPropertiesTest.labelled(List.of(0, 0, 0, 0, 0, 0, 1, 1, 1, 4));

  @Test
  void firstExamplesAreHeldOut() {
    Split split = new HoldOut(3, 0, Select.FIRST).split(TEN, 1);

    assertThat(split.validation()).containsExactly(0, 1, 2);
    assertThat(split.training()).containsExactly(3, 4, 5, 6, 7, 8, 9);
  }

  @Test
  void nothingIsHeldOutUnlessAskedFor() {
    Split split = HoldOut.NONE.split(TEN, 1);

    assertThat(split.validation()).isEmpty();
    assertThat(split.training()).hasSize(10);
  }

  @Test
  void fractionIsRoundedToWholeExamples() {
    assertThat(new HoldOut(0, 0.24, Select.FIRST).split(TEN, 1).validation()).hasSize(2);
    assertThat(new HoldOut(0, 0.25, Select.FIRST).split(TEN, 1).validation()).hasSize(3);
  }

  /** Exact shares of 5 of 10 are 3, 1.5 and 0.5: the tie goes to the lower class. */
  @Test
  void stratifiedSharesGoToTheLargestRemainders() {
    Split split = new HoldOut(5, 0, Select.STRATIFIED).split(TEN, 1);

    assertThat(Arrays.stream(split.validation()).map(TEN::label).sorted())
        .containsExactly(0, 0, 0, 1, 1);
  }

  @Test
  void seedsAndRepeatsDiffer() {
    Examples thousand = SplitPropertiesTest.labelled(Collections.nCopies(1000, 1));
    for (Select select : List.of(Select.SHUFFLED, Select.STRATIFIED)) {
      HoldOut half = new HoldOut(500, 0, select);

      assertThat(half.split(thousand, 1).validation())
          .isNotEqualTo(half.split(thousand, 2).validation());
    }
    for (Fold.Select select : List.of(Fold.Select.SHUFFLED, Fold.Select.STRATIFIED)) {
      assertThat(new Fold(2, 1, select).split(thousand, 1).validation())
          .isNotEqualTo(new Fold(2, 1, select).split(thousand, 2).validation())
          .isNotEqualTo(new Fold(2, 3, select).split(thousand, 1).validation());
    }
  }

  @Test
  void holdOutIsReadFromYaml() {
    assertThat(read("{}")).isEqualTo(HoldOut.NONE);
    assertThat(read("examples: 10000")).isEqualTo(new HoldOut(10000, 0, Select.FIRST));
    assertThat(read("{fraction: 0.2, select: stratified}"))
        .isEqualTo(new HoldOut(0, 0.2, Select.STRATIFIED));
    assertThat(read("{examples: 0, fraction: 0.2, select: shuffled}"))
        .isEqualTo(new HoldOut(0, 0.2, Select.SHUFFLED));
  }

  @Test
  void mistakesInYamlAreNamed() {
    assertError(
        () -> read("{examples: 10, fraction: 0.2}"),
        "f: validation: 'examples' is 10 and 'fraction' is 0.2 but only one of them may be given; null takes one away");
    assertError(
        () -> read("examples: -1"),
        "f: validation.examples is '-1' but must be a whole number of at least 0");
    assertError(
        () -> read("fraction: 1"),
        "f: validation.fraction is '1' but must be a number from 0 to less than 1");
    assertError(
        () -> read("select: stratifed"),
        "f: validation.select is 'stratifed' but must be one of first, shuffled, stratified; did you mean"
            + " 'stratified'?");
    assertError(
        () -> read("exmples: 3"),
        "f: validation: unknown key 'exmples'; did you mean 'examples'?; known here: examples,"
            + " folds, fraction, select");
  }

  @Test
  void somethingMustBeLeftToLearnFrom() {
    assertError(
        () -> new HoldOut(10, 0, Select.FIRST).split(TEN, 1),
        "validation: examples 10 holds out 10 of 10 training examples but must leave at least one");
    assertError(
        () -> new HoldOut(0, 0.96, Select.SHUFFLED).split(TEN, 1),
        "validation: fraction 0.96 holds out 10 of 10 training examples but must leave at least"
            + " one");
  }

  @Test
  void fractionTooSmallToHoldOutAnythingIsRefused() {
    assertError(
        () -> new HoldOut(0, 0.01, Select.FIRST).split(TEN, 1),
        "validation: fraction 0.01 holds out none of 10 training examples but must hold out at least"
            + " one");
  }

  /** KFold of scikit-learn: the first n % k folds have one example more. */
  @Test
  void orderedFoldsAreThoseOfScikitLearn() {
    assertThat(validation(4, Fold.Select.ORDERED))
        .containsExactly(List.of(0, 1, 2), List.of(3, 4, 5), List.of(6, 7), List.of(8, 9));
  }

  /**
   * StratifiedKFold of scikit-learn: the labels in order, 0000001114, are dealt to the three folds
   * in turn, and so each has two of class 0 and one of class 1, and the first has the 4.
   */
  @Test
  void stratifiedFoldsHaveTheCountsOfScikitLearn() {
    assertThat(validation(3, Fold.Select.STRATIFIED))
        .extracting(fold -> fold.stream().map(TEN::label).sorted().toList())
        .containsExactly(List.of(0, 0, 1, 4), List.of(0, 0, 1), List.of(0, 0, 1));
  }

  private static List<List<Integer>> validation(int folds, Fold.Select select) {
    return IntStream.rangeClosed(1, folds)
        .mapToObj(fold -> new Fold(folds, fold, select).split(TEN, 1).validation())
        .map(held -> Arrays.stream(held).boxed().toList())
        .toList();
  }

  /** All folds of 40,000 examples would be 1.6 billion indices; one of them is a 160 KB array. */
  @Test
  @Timeout(20)
  void aFoldOfVeryManyCostsNoMoreThanOneOfFew() {
    Examples many = SplitPropertiesTest.labelled(Collections.nCopies(40_000, 0));

    for (Fold.Select select : Fold.Select.values()) {
      assertThat(new Fold(10_000, 9_999, select).split(many, 1).validation()).hasSize(4);
    }
  }

  @Test
  void aFoldKnowsItsRepeat() {
    assertThat(new Fold(5, 5, Fold.Select.SHUFFLED).repeat()).isEqualTo(1);
    assertThat(new Fold(5, 6, Fold.Select.SHUFFLED).repeat()).isEqualTo(2);
  }

  @Test
  void aFoldIsReadFromYaml() {
    assertThat(read("{folds: 5, fold: 2}")).isEqualTo(new Fold(5, 2, Fold.Select.ORDERED));
    assertThat(read("{folds: 5, fold: 8, select: stratified}"))
        .isEqualTo(new Fold(5, 8, Fold.Select.STRATIFIED));
    assertError(
        () -> read("{folds: 1, fold: 1}"),
        "f: validation.folds is '1' but must be a whole number of at least 2");
    assertError(
        () -> read("{folds: 3}"),
        "f: validation: 'fold' is missing; it must be a whole number of at least 1");
    assertError(
        () -> read("{folds: 3, fold: 1, examples: 4}"),
        "f: validation: unknown key 'examples'; known here: fold, folds, select");
    assertError(
        () -> read("{folds: 3, fold: 4}"),
        "f: validation: fold is 4 but there are 3 ordered folds, and repeating them would change nothing; use shuffled or stratified ones");
  }

  @Test
  void moreFoldsThanExamplesAreRefused() {
    for (Fold.Select select : Fold.Select.values()) {
      assertError(
          () -> new Fold(11, 1, select).split(TEN, 1),
          "folds is 11 but must be from 2 to the number of training examples, 10");
    }
  }

  @Test
  void splitItselfMustBeSound() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Split(new int[] {0, 2}, new int[] {1, 2}))
        .withMessage("example 2 is a training example and a validation example");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Split(new int[0], new int[] {1}))
        .withMessage("a split must have at least one training example");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Split(new int[] {3, 1}, new int[0]))
        .withMessage("training examples must ascend from 0 but 1 follows 3");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Split(new int[] {3}, new int[] {1, 1}))
        .withMessage("validation examples must ascend from 0 but 1 follows 1");
  }

  private static Validation read(String validation) {
    return Validation.read(
        Section.parse("f", "validation: " + flow(validation)).section("validation"));
  }

  private static String flow(String mapping) {
    return mapping.startsWith("{") ? mapping : "{" + mapping + "}";
  }

  private static void assertError(ThrowingCallable code, String message) {
    assertThatExceptionOfType(ConfigurationException.class).isThrownBy(code).withMessage(message);
  }
}
