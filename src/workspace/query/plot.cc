// SPDX-License-Identifier: Apache-2.0
#include "workspace/query/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "workspace/query/words.h"

namespace bellwether {
namespace {

// Pixels.
constexpr int kWidth = 860;
constexpr int kMargin = 24;
constexpr int kTop = 84;        // of both panels
constexpr int kRow = 24;        // a measure
constexpr int kBarsLeft = 222;  // where the bars of the left panel begin
constexpr int kBarsWidth = 200;
constexpr int kRightLeft = 540;
constexpr int kRightWidth = kWidth - kRightLeft - kMargin;

// The colours are those of the pages (serve/static/style.css).
constexpr const char* kStyle = R"(<style>
  svg { background: #fbfaf6; color-scheme: light dark; }
  text { fill: #1d1b18; font: 13px system-ui, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
  .title { font-size: 16px; font-weight: 600; }
  .quiet { fill: #5d584f; font-size: 12px; }
  .strong { font-weight: 600; }
  .bar { fill: #b8ae9a; }
  .ours { fill: #84500b; }
  .rule { stroke: #1d1b18; stroke-width: 1; stroke-dasharray: 4 3; }
  .axis { stroke: #d9d4c8; stroke-width: 1; }
  @media (prefers-color-scheme: dark) {
    svg { background: #171512; }
    text { fill: #ebe6db; }
    .quiet { fill: #aaa396; }
    .bar { fill: #5d574c; }
    .ours { fill: #e3ad63; }
    .rule { stroke: #ebe6db; }
    .axis { stroke: #3a362f; }
  }
</style>
)";

class Drawing {
 public:
  explicit Drawing(std::string& out) : out_(out) {}
  // `text` holds nothing that has to be escaped.
  void text(int x, int y, const char* style, std::string_view text, const char* anchor = "start") {
    add("<text x=\"{}\" y=\"{}\" class=\"{}\" text-anchor=\"{}\">{}</text>\n", x, y, style, anchor,
        text);
  }
  void bar(double x, double y, double width, double height, bool ours) {
    add("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" class=\"{}\"/>\n", x, y,
        width, height, ours ? "ours" : "bar");
  }
  void line(double x1, double y1, double x2, double y2, const char* style) {
    add("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>\n", x1, y1,
        x2, y2, style);
  }

 private:
  template <typename... Arguments>
  void add(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Arguments>(arguments)...);
  }
  std::string& out_;
};

void draw_measures(Drawing& drawing, const BacktestReport& report) {
  std::vector<size_t> order;
  for (size_t m = 0; m < report.measures.size(); ++m) {
    if (report.mean[m].ndcg) order.push_back(m);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return report.mean[a].ndcg > report.mean[b].ndcg; });
  drawing.text(kMargin, kTop - 14, "strong", "Whom will people respond to? NDCG@100");
  int y = kTop;
  for (const size_t m : order) {
    const bool ours = report.measures[m] == "forecast" || report.measures[m] == "score";
    drawing.text(kBarsLeft - 8, y + 15, ours ? "strong" : "", report.measures[m], "end");
    drawing.bar(kBarsLeft, y + 3, kBarsWidth * *report.mean[m].ndcg, kRow - 7, ours);
    drawing.text(kBarsLeft + static_cast<int>(kBarsWidth * *report.mean[m].ndcg) + 6, y + 15,
                 "quiet", fmt::format("{:.3f}", *report.mean[m].ndcg));
    y += kRow;
  }
  drawing.line(kBarsLeft, kTop, kBarsLeft, y, "axis");
}

void draw_calibration(Drawing& drawing, const Calibration& calibration, int height) {
  drawing.text(kRightLeft, kTop - 14, "strong", "Where what came fell in the forecast");
  if (calibration.expected == 0) {
    drawing.text(kRightLeft, kTop + 20, "quiet", "Nobody was expected to move anybody,");
    drawing.text(kRightLeft, kTop + 38, "quiet", "or there was no window to fit it on.");
    return;
  }
  const double bottom = kTop + height - 56;
  // The tallest bar, or twice what is right, fills the panel.
  const double most =
      std::max(0.2, *std::max_element(calibration.tenths.begin(), calibration.tenths.end()));
  const double scale = (bottom - kTop) / most;
  const double step = static_cast<double>(kRightWidth) / 10;
  for (size_t t = 0; t < calibration.tenths.size(); ++t) {
    const double x = kRightLeft + step * static_cast<double>(t);
    drawing.bar(x + 1, bottom - scale * calibration.tenths[t], step - 2,
                scale * calibration.tenths[t], true);
    drawing.text(static_cast<int>(x + step / 2), static_cast<int>(bottom) + 16, "quiet",
                 fmt::format("{:.0f}", 100 * calibration.tenths[t]), "middle");
  }
  drawing.line(kRightLeft, bottom - scale * 0.1, kRightLeft + kRightWidth, bottom - scale * 0.1,
               "rule");
  drawing.line(kRightLeft, bottom, kRightLeft + kRightWidth, bottom, "axis");
  drawing.text(kRightLeft, static_cast<int>(bottom) + 34, "quiet", "far below");
  drawing.text(kRightLeft + kRightWidth, static_cast<int>(bottom) + 34, "quiet", "far above",
               "end");
  drawing.text(kRightLeft, static_cast<int>(bottom) + 52, "quiet",
               "per cent in each tenth; 10 (dashed) is right");
}

}  // namespace

std::string to_svg(const BacktestResult& result) {
  const BacktestReport& report = result.report;
  const auto shown =
      std::count_if(report.mean.begin(), report.mean.end(),
                    [](const RankingGrade& grade) { return grade.ndcg.has_value(); });
  const int height = std::max(8, static_cast<int>(shown)) * kRow;
  const Calibration& calibration = report.calibration;
  const std::string title =
      fmt::format("{}Backtest: {} from {} to {}", result.simulated ? "Simulated. " : "",
                  report.folds.size() == 1 ? std::string("one window")
                                           : fmt::format("{} windows", report.folds.size()),
                  to_day(report.folds.front().cut), to_day(report.folds.back().end));
  std::string held = "There was no window to fit a forecast on";
  if (calibration.coverage) {
    held = fmt::format("90 % intervals held in {:.1f} % of {} forecasts",
                       100 * *calibration.coverage, grouped(calibration.people));
  }
  if (calibration.coverage_expected) {
    held += fmt::format(", in {:.1f} % of the {} that expected at least one",
                        100 * *calibration.coverage_expected, grouped(calibration.expected));
  }
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\" role=\"img\" aria-labelledby=\"title about\">\n<title "
      "id=\"title\">{2}</title>\n<desc id=\"about\">How well each measure told whom people would "
      "respond to, and how the forecast&#39;s intervals held: {3}.</desc>\n",
      kWidth, kTop + height + 66, title, held);
  out += kStyle;
  Drawing drawing(out);
  drawing.text(kMargin, 34, "title", title);
  draw_measures(drawing, report);
  draw_calibration(drawing, calibration, height);
  drawing.text(kMargin, kTop + height + 30, "quiet", held + ".");
  drawing.text(kMargin, kTop + height + 48, "quiet",
               fmt::format("Method {}, policy {}.", result.method, result.policy_hash));
  out += "</svg>\n";
  return out;
}

}  // namespace bellwether
