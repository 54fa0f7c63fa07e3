--[[
  For darktable: adds the target "restore with rednet" to the module "export". Each exported picture is restored by the
  command `rednet`, put beside its original as NAME-restored, and grouped with it.

  Copy this file into the folder `lua` of darktable's configuration, and add to `luarc`: require "darktable_rednet"
  The command is a preference, under "Lua options"; `rednet` must be on the PATH, or have its path there.
]]

local dt = require "darktable"

local SEPARATOR = dt.configuration.running_os == "windows" and "\\" or "/"

dt.preferences.register("rednet", "command", "string", "rednet: command",
  "the command that restores a picture, with its options", "rednet restore")

local function quoted(path)
  if dt.configuration.running_os == "windows" then
    return '"' .. path .. '"'
  end
  return "'" .. path:gsub("'", "'\\''") .. "'"
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

-- A name beside the original that no file has yet.
local function free_name(image, exported)
  local stem, ending = exported:match("([^/\\]+)%.([^.]+)$")
  local path, number = nil, 1
  repeat
    local suffix = number == 1 and "-restored." or "-restored-" .. number .. "."
    path = image.path .. SEPARATOR .. stem .. suffix .. ending
    number = number + 1
  until not exists(path)
  return path
end

local function restore(storage, exported, extra)
  local command = dt.preferences.read("rednet", "command", "string")
  local done, failed = 0, 0
  for image, path in pairs(exported) do
    local target = free_name(image, path)
    local result = dt.control.execute(command .. " " .. quoted(path) .. " -o " .. quoted(target))
    if result == 0 and exists(target) then
      dt.database.import(target):group_with(image.group_leader)
      done = done + 1
    else
      dt.print("rednet could not restore " .. image.filename .. "; run in a terminal: " .. command)
      failed = failed + 1
    end
    os.remove(path)
  end
  dt.print("rednet: " .. done .. " restored, " .. failed .. " failed")
end

dt.register_storage("rednet", "restore with rednet", nil, restore)
