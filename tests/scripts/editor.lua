-- Neovim as a client of `cutover lsp`: opens a plan, asks what an author would ask, and prints one
-- JSON object with the answers. Arguments come as variables of the environment: PROGRAM, PLAN.
local plan = vim.env.PLAN
local published = {}
local uri = vim.uri_from_fname(plan)

vim.lsp.handlers['textDocument/publishDiagnostics'] = function(_, result)
  published[result.uri] = result.diagnostics
end

vim.cmd('edit ' .. vim.fn.fnameescape(plan))
local buffer = vim.api.nvim_get_current_buf()
local exited
local client = vim.lsp.start_client({
  cmd = { vim.env.PROGRAM, 'lsp' },
  root_dir = vim.fn.fnamemodify(plan, ':h'),
  on_exit = function(code) exited = code end,
})
vim.lsp.buf_attach_client(buffer, client)

local function wait(condition, what)
  if not vim.wait(60000, condition, 20) then error('no ' .. what) end
end

local function lines() return vim.api.nvim_buf_get_lines(buffer, 0, -1, false) end

-- The place of the `nth` byte of the first line that has `text`.
local function place(text, nth)
  for number, line in ipairs(lines()) do
    local at = line:find(text, 1, true)
    if at then return { line = number - 1, character = at - 1 + (nth or 0) } end
  end
  error('no line has ' .. text)
end

local function ask(method, position, more)
  local params = { textDocument = { uri = uri }, position = position }
  local answers = vim.lsp.buf_request_sync(buffer, method, vim.tbl_extend('force', params, more or {}), 60000)
  for _, answer in pairs(answers or {}) do
    if answer.error then error(answer.error.message) end
    return answer.result
  end
end

local function messages()
  return vim.tbl_map(function(it) return { code = it.code, line = it.range.start.line + 1 } end, published[uri])
end

local function replace(from, to)
  local text = table.concat(lines(), '\n')
  local at, stop = text:find(from, 1, true)
  text = text:sub(1, at - 1) .. to .. text:sub(stop + 1)
  published[uri] = nil
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.split(text, '\n'))
  wait(function() return published[uri] end, 'findings after a change')
end

local function labels(items)
  return vim.tbl_map(function(it) return it.label end, items)
end

local out = {}
wait(function() return published[uri] end, 'findings')
out.at_first = messages()
out.hover = ask('textDocument/hover', place('orders_customer_idx:', 3)).contents.value
out.definition = vim.tbl_map(function(it)
  return { file = it.uri:match('[^/]*$'), line = it.range.start.line + 1 }
end, ask('textDocument/definition', place('references: customers', 14)))
out.columns = labels(ask('textDocument/completion', place('columns: [customer_id,', 10)))
out.kinds = labels(ask('textDocument/completion', place('  indexes:', 2)))

local index = lines()[place('orders_customer_idx:').line + 1]
replace(index .. '\n', '')
out.without_index = messages()
local function fixes(code)
  for name, list in pairs(published) do
    for _, it in ipairs(list) do
      if it.code == code then
        local context = { diagnostics = { it } }
        local params = { range = it.range, context = context, textDocument = { uri = name } }
        local answers = vim.lsp.buf_request_sync(buffer, 'textDocument/codeAction', params, 60000)
        for _, answer in pairs(answers) do return answer.result end
      end
    end
  end
  error('no finding ' .. code)
end
local function apply(code)
  local fix = fixes(code)[1]
  published[uri] = nil
  vim.lsp.util.apply_workspace_edit(fix.edit, 'utf-16')
  wait(function() return published[uri] end, 'findings after a fix')
  return fix.title
end
out.waiver = apply('LNT602')
out.after_waiver = messages()
out.fix = apply('BAS401')
out.after_fix = messages()
replace('name: shop', 'nam: shop')
out.mistyped = messages()
replace('nam: shop', 'name: shop')
out.text = table.concat(lines(), '\n')

vim.lsp.stop_client(client)
wait(function() return exited ~= nil end, 'end of the server')
out.exit = exited
io.stdout:write(vim.fn.json_encode(out) .. '\n')
vim.cmd('qall!')
