  // ---- what is typed into the search: words to find, and comparisons with a column such as lr>0.01 ------------------------
  function query(text, columns) {
    const parts = text.toLowerCase().match(/"[^"]*"|[^\s"]+/g) ?? [];
    return parts.map((part) => {
      const found = /^(.+?)(<=|>=|<|>|=)(.+)$/.exec(part.replaceAll('"', ""));
      const column = found && (columns.find(({ title }) => title.toLowerCase() === found[1]) ?? columns.find(({ title }) => title.toLowerCase().includes(found[1])));
      if (!column) { const word = part.replaceAll('"', ""); return (row) => row.text.includes(word); }
      const [, , sign, wanted] = found, limit = Number(wanted);
      return (row) => {
        const value = column.values[row.n];
        if (value === null) return false;
        if (sign === "=") return String(value).toLowerCase() === wanted || (typeof value === "number" && value === limit);
        if (typeof value !== "number") return false;
        return sign === "<" ? value < limit : sign === ">" ? value > limit : sign === "<=" ? value <= limit : value >= limit;
      };
    });
  }
